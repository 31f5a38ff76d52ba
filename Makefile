# Everything a person runs here is a target of this file; `make help` lists them.
SHELL := /bin/bash -o errexit -o nounset -o pipefail
.DEFAULT_GOAL := help

KUBERNETES_VERSION := v1.37.2
HELM_VERSION := v4.3.1
STATICCHECK_VERSION := v0.8.2

BIN := $(CURDIR)/bin
KUBERNETES := $(BIN)/kubernetes/$(KUBERNETES_VERSION)
export KUBEBUILDER_ASSETS := $(KUBERNETES)
export PATH := $(KUBERNETES):$(BIN)/tools:$(PATH)

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-14s %s\n", $$1, $$2}'
