# The verbs of this deployment; `make` alone prints them. Each is a line or two here or a script in scripts/.
# Settings are not read here: Compose reads .env, and environment variables take precedence.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
IN_HUB := . scripts/lib.sh && in_hub python -m hub.admin
# For what needs no deployment that was built before.
BUILD_HOST := . scripts/lib.sh && scripts/base-image && build_host
# The shell has a USER, too: only one given to make counts.
NAME = $(if $(filter command,$(origin USER)),'$(USER)')
given = $(foreach name,$(1),$(if $(filter command,$(origin $(name))),'$(name)=$($(name))'))

# --- Running it ---
.PHONY: help build up down restart logs status doctor
help: ## Print these verbs
	@awk -F ':.*## ' '/^# ---/ { gsub(/^# -+ | -+$$/, ""); print "\n" $$0 } /^[a-z_ -]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Check settings and files, build the images, make network and volumes
	@scripts/build

up: ## Build what is missing, start, and say where to sign in
	@scripts/up

down: ## Stop everything, users' servers too; no file is deleted
	@scripts/down

restart: ## Restart the hub; users' servers go on
	@. scripts/lib.sh && need_engine && docker compose restart hub && docker compose up --detach --no-recreate --wait hub && \
	  say "Restarted. Servers and their kernels were not touched."

logs: ## Follow the logs of hub and proxy
	@. scripts/lib.sh && need_engine && docker compose logs --follow --tail 100

status: ## Show running containers and servers
	@. scripts/lib.sh && need_engine && docker compose ps --format 'table {{.Name}}\t{{.Status}}\t{{.Ports}}' && scripts/host servers

doctor: ## Check everything, and print what is wrong and how to fix it
	@scripts/doctor

# --- Users ---
.PHONY: users users-import slips user-remove password token announce
users: ## List users and what they have: make users [GROUP=name] [FORMAT=csv]
	@scripts/host users $(call given,GROUP FORMAT)

users-import: ## Add a class list to the userlist: make users-import CSV=file [GROUP=name] [DRY_RUN=1]
	@scripts/users-import '$(CSV)' $(call given,GROUP DRY_RUN)

slips: ## Write a page with address, name and password for each user: make slips [GROUP=name] [USER=name]
	@scripts/slips $(call given,GROUP USER)

user-remove: ## Remove users who left: make user-remove USER=name | GROUP=name | LEFT=1 [HOMES=keep|delete]
	@scripts/user-remove $(call given,USER GROUP LEFT HOMES)

password: ## Set and print a new password: make password USER=name
	@$(IN_HUB) password $(NAME)

token: ## Make and print an API token of the administrator, or of USER=name
	@$(IN_HUB) token $(NAME)

announce: ## Show a text on the hub's pages: make announce TEXT='…'; TEXT= removes it
	@. scripts/lib.sh && in_hub python -m hub.announcement $(if $(filter command,$(origin TEXT)),"$$TEXT")

# --- For a deployment from before 2026-12: docs/images.md ---
.PHONY: homes
homes: ## Keep the whole home of each user, not only the folder `work`; no file is moved
	@$(IN_HUB) homes && scripts/host homes && $(MAKE) --no-print-directory restart

# --- Parts of build, by their old names ---
.PHONY: network volumes base_image hub_image notebook_image all
network volumes: ## Make the network and the volumes
	@$(BUILD_HOST) && scripts/host volumes

base_image: ## Make the base image where it cannot be pulled
	@scripts/base-image

notebook_image: ## Build or pull the image of users' servers
	@$(BUILD_HOST) && scripts/notebook-image && scripts/host no-root

hub_image all: build ## The same as build

# --- For developers ---
.PHONY: test pictures bench lint lock settings clean
test: ## Run all tests here; a running deployment is not touched
	@scripts/test $(ARGS)

pictures: ## Take pictures of every page, into test-results/pages/
	@scripts/test tests/deployment -m pages --pictures

bench: ## Measure against a plain JupyterHub, into benchmarks/
	@benchmarks/run $(ARGS)

lint: ## Check the style of every file
	@scripts/lint

lock: ## Recompile every lock of versions and hashes
	@scripts/lock

settings: ## Write what is generated from the settings: hub/settings.*, tables of the docs
	@$(BUILD_HOST) && scripts/host settings | tar -x -f -

clean: ## Remove containers, images and the network; volumes stay
	@scripts/down && scripts/host clean && . scripts/lib.sh && docker image rm "$$(image_of host)" >/dev/null && \
	  remove_replaced

# --- Choices: examples/ ---
-include examples/*/verbs.mk
