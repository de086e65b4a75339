# The verbs of this deployment; `make` alone prints them. Each is a line or two here or a script in scripts/.
# Settings are not read here: Compose reads .env, and the shell's environment beats it.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
PEOPLE := . scripts/lib.sh && in_hub python -m hub.people
# The shell has a USER, too: only one given to make counts.
NAME := $(if $(findstring command,$(origin USER)),'$(USER)')
given = $(foreach name,$(1),$(if $(findstring command,$(origin $(name))),$(name)='$($(name))',$(name)=))

# --- Running it ---
.PHONY: help build up down restart logs status doctor
help: ## Print these verbs
	@awk -F ':.*## ' '/^# ---/ { gsub(/^# -+ | -+$$/, ""); print "\n" $$0 } /^[a-z_ -]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' Makefile

build: ## Check settings and userlist, build the images, make network and volume
	@scripts/build

up: ## Build what is missing, start, and say where to sign in
	@scripts/up

down: ## Stop everything, users' servers too; no file is deleted
	@scripts/down

restart: ## Restart the hub; users' servers go on
	@. scripts/lib.sh && docker compose restart hub && docker compose up --detach --no-recreate --wait hub && \
	  say "Restarted. Servers and their kernels were not touched."

logs: ## Follow the logs of hub and proxy
	@. scripts/lib.sh && docker compose logs --follow --tail 100

status: ## What runs
	@scripts/status

doctor: ## Look at everything, and say what is wrong and what mends it
	@scripts/doctor

# --- People ---
.PHONY: users password token client-cert
users: ## Everybody: admin, groups, activity, server, files, initial password
	@scripts/users

password: ## Set and print a new password: make password USER=name
	@$(PEOPLE) password $(NAME)

token: ## Make and print an API token of the administrator, or of USER=name
	@$(PEOPLE) token $(NAME)

client-cert: ## For a kernel gateway, store USER=name P12=file, or KEY= CERT= CA=; USER=name alone shows it
	@$(call given,P12 KEY CERT CA PASSWORD_FILE) scripts/client-cert $(NAME)

# --- Parts of build, by their old names ---
.PHONY: network volumes base_image hub_image notebook_image all
network volumes: ## Make the network and the data volume
	@scripts/network-and-volume

base_image: ## Make the base image where it cannot be pulled
	@scripts/base-image

notebook_image: ## Build or pull the image of users' servers
	@scripts/notebook-image

hub_image all: build ## The same as build

# --- For developers ---
.PHONY: test bench lint lock clean
test: ## Prove all of it on this machine, beside a running deployment
	@scripts/test $(ARGS)

bench: ## Measure against a plain JupyterHub, into benchmarks/
	@benchmarks/run $(ARGS)

lint: ## ruff, hadolint, shellcheck, compose config
	@scripts/lint

lock: ## Recompile every lock of versions and hashes
	@scripts/lock

clean: ## Remove containers, images and the network; volumes stay
	@scripts/clean
