.PHONY: client-cert
client-cert: ## For a kernel gateway, store USER=name P12=file, or KEY= CERT= CA=; USER=name alone shows it
	@$(foreach name,P12 KEY CERT CA PASSWORD_FILE,$(name)='$(if $(filter command,$(origin $(name))),$($(name)))') examples/kernel-gateway/client-cert $(NAME)
