.PHONY: toy
toy: ## Greet USER=name
	@scripts/host toy $(NAME)
