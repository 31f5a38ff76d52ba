# Everything a person runs here is a target of this file; `make help` lists them.
SHELL := /bin/bash -o errexit -o nounset -o pipefail
.DEFAULT_GOAL := help

# The nested modules that build Kubernetes name the versions. Reading them there keeps the two from drifting apart.
version_in = $(shell sed -nE 's,^\s(k8s.io/kubernetes) (v[0-9.]+).*,\2,p' hack/tools/$(1)/go.mod)
NEWEST := $(call version_in,kubernetes)
OLDEST := $(call version_in,kubernetes-oldest)

# What the local cluster runs. kube-proxy of the oldest has no nftables yet.
KUBERNETES_VERSION ?= $(NEWEST)
PROXY ?= $(if $(filter $(OLDEST),$(KUBERNETES_VERSION)),iptables)
$(if $(filter $(NEWEST) $(OLDEST),$(KUBERNETES_VERSION)),,$(error KUBERNETES_VERSION=$(KUBERNETES_VERSION): must be $(NEWEST) or $(OLDEST)))

HELM_VERSION := v4.3.1
HELM3_VERSION := v3.22.0
GOLANGCI_LINT_VERSION := v2.15.0
HELM_DOCS_VERSION := v1.14.2
GOTESTSUM_VERSION := v1.13.0
ACTIONLINT_VERSION := v1.7.12
CYCLONEDX_GOMOD_VERSION := v1.10.0
KREW_VERSION := v0.4.3
CRANE_VERSION := $(shell sed -nE 's,^require github.com/google/go-containerregistry (v[0-9.]+)$$,\1,p' hack/image/go.mod)
ARGO_VERSION := v1.10.0
ARGO_CD_VERSION := v3.5.7
GITOPS_ENGINE_VERSION := v0.0.0-20260914071520-c9c369efcc5b
KUSTOMIZE_CONTROLLER_VERSION := v1.9.6
SOURCE_CONTROLLER_VERSION := v1.9.3
CERT_MANAGER_VERSION := $(shell sed -nE 's,^\sgithub.com/cert-manager/cert-manager (v[0-9.]+)$$,\1,p' hack/tools/cert-manager/go.mod)

comma := ,
BIN := $(CURDIR)/bin
KUBERNETES := $(BIN)/kubernetes/$(KUBERNETES_VERSION)
export KUBEBUILDER_ASSETS := $(BIN)/kubernetes/$(NEWEST)
export PATH := $(KUBERNETES):$(BIN)/tools:$(PATH)

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-17s %s\n", $$1, $$2}'

# A proxy cannot reach the local cluster, whose addresses are in this range.
export NO_PROXY := $(if $(NO_PROXY),$(NO_PROXY)$(comma),)198.18.0.0/15
export no_proxy := $(NO_PROXY)

# Tools. They are built from Go modules and kept in bin/ by version, so that cleaning the build cache does not remove them.

KUBERNETES_TEST_PROGRAMS := kube-apiserver kube-controller-manager kubectl
KUBERNETES_PROGRAMS := $(KUBERNETES_TEST_PROGRAMS) kube-scheduler kubelet kube-proxy
# Of the oldest Kubernetes, the tests need the API server alone.
OLDEST_TEST_TOOLS := $(addprefix $(BIN)/kubernetes/$(OLDEST)/,etcd kube-apiserver)
TEST_TOOLS := $(addprefix $(BIN)/kubernetes/$(NEWEST)/,etcd $(KUBERNETES_TEST_PROGRAMS)) $(OLDEST_TEST_TOOLS) $(BIN)/tools/helm
CLUSTER_TOOLS := $(addprefix $(KUBERNETES)/,etcd $(KUBERNETES_PROGRAMS))

# Without these variables the API server of version $(1) reports v0.0.0-master, and every check of a version fails.
kubernetes_ldflags = -s -w $(foreach package,k8s.io/component-base/version k8s.io/client-go/pkg/version, \
	-X $(package).gitVersion=$(1) -X $(package).gitMajor=$(word 1,$(subst ., ,$(1:v%=%))) -X $(package).gitMinor=$(word 2,$(subst ., ,$(1))))

.PHONY: setup
setup: packages tools cluster-images ## Install the Debian packages and build all tools (root; about 15 minutes the first time).

.PHONY: packages
packages: ## Install the Debian packages that the local cluster needs and that are missing (root).
	@test/cluster/packages

.PHONY: tools
tools: kubernetes $(TEST_TOOLS) $(BIN)/tools/golangci-lint ## Build Kubernetes, Helm and golangci-lint.

.PHONY: kubernetes
kubernetes: $(CLUSTER_TOOLS) ## Build the Kubernetes programs that the local cluster runs.

.PHONY: test-tools
test-tools: $(TEST_TOOLS) ## Build only what `make test` needs, which is less than a cluster needs.

.PHONY: helm3
helm3: $(BIN)/tools/helm3 ## Build Helm 3 (bin/tools/helm3), which some tests compare with Helm 4.

# How long a first build takes on two cores. The first program takes longest, because it builds what all of them share.
MINUTES_kube-apiserver := 5 minutes
MINUTES_kube-controller-manager := 2 minutes
MINUTES_kubelet := 1 minute
minutes = $(or $(MINUTES_$(1)),half a minute)

$(BIN)/kubernetes/$(NEWEST)/%: module := kubernetes
$(BIN)/kubernetes/$(OLDEST)/%: module := kubernetes-oldest
$(foreach version,$(NEWEST) $(OLDEST),$(addprefix $(BIN)/kubernetes/$(version)/,$(KUBERNETES_PROGRAMS))):
	@echo 'building $(@F) $(notdir $(@D)) from its Go module, about $(call minutes,$(@F)) the first time'
	@mkdir -p $(@D)
	@cd hack/tools/$(module) && CGO_ENABLED=0 go build -trimpath -ldflags '$(strip $(call kubernetes_ldflags,$(notdir $(@D))))' \
		-o $@.part k8s.io/kubernetes/cmd/$(@F)
	@mv $@.part $@

$(BIN)/kubernetes/$(NEWEST)/etcd:
	@echo 'building etcd from its Go module, about $(call minutes,etcd) the first time'
	@mkdir -p $(@D)
	@cd hack/tools/etcd && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o $@.part go.etcd.io/etcd/server/v3
	@mv $@.part $@

$(BIN)/kubernetes/$(OLDEST)/etcd: $(BIN)/kubernetes/$(NEWEST)/etcd
	@mkdir -p $(@D)
	@ln -sfn $< $@

# bin/tools/NAME is a link to the version that this file names, so that a new version here replaces an older build.
HELM := $(BIN)/versions/helm-$(HELM_VERSION)/helm
HELM3 := $(BIN)/versions/helm-$(HELM3_VERSION)/helm
GOLANGCI_LINT := $(BIN)/versions/golangci-lint-$(GOLANGCI_LINT_VERSION)/golangci-lint
HELM_DOCS := $(BIN)/versions/helm-docs-$(HELM_DOCS_VERSION)/helm-docs
GOTESTSUM := $(BIN)/versions/gotestsum-$(GOTESTSUM_VERSION)/gotestsum
ACTIONLINT := $(BIN)/versions/actionlint-$(ACTIONLINT_VERSION)/actionlint
CYCLONEDX_GOMOD := $(BIN)/versions/cyclonedx-gomod-$(CYCLONEDX_GOMOD_VERSION)/cyclonedx-gomod
VALIDATE_KREW_MANIFEST := $(BIN)/versions/krew-$(KREW_VERSION)/validate-krew-manifest
CRANE := $(BIN)/versions/crane-$(CRANE_VERSION)/crane
MODULE_TOOLS := $(HELM) $(HELM3) $(GOLANGCI_LINT) $(HELM_DOCS) $(GOTESTSUM) $(ACTIONLINT) $(CYCLONEDX_GOMOD) $(VALIDATE_KREW_MANIFEST) $(CRANE)

# Helm 3 renders for the Kubernetes version of its client. Without these variables that is v1.20, which the chart refuses.
HELM3_KUBERNETES_MINOR = $(shell sed -nE 's,^\sk8s.io/client-go v0\.([0-9]+).*,\1,p' \
	"$$(go mod download -json helm.sh/helm/v3@$(HELM3_VERSION) | sed -nE 's/^\s*"GoMod": "(.*)".*/\1/p')")
HELM3_LDFLAGS = -s -w -X helm.sh/helm/v3/internal/version.version=$(HELM3_VERSION) $(foreach package,chartutil lint/rules, \
	-X helm.sh/helm/v3/pkg/$(package).k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/$(package).k8sVersionMinor=$(HELM3_KUBERNETES_MINOR))

$(HELM): install = -ldflags '-s -w -X helm.sh/helm/v4/internal/version.version=$(HELM_VERSION)' helm.sh/helm/v4/cmd/helm@$(HELM_VERSION)
$(HELM3): install = -ldflags '$(strip $(HELM3_LDFLAGS))' helm.sh/helm/v3/cmd/helm@$(HELM3_VERSION)
$(GOLANGCI_LINT): install = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
$(HELM_DOCS): install = github.com/norwoodj/helm-docs/cmd/helm-docs@$(HELM_DOCS_VERSION)
$(GOTESTSUM): install = gotest.tools/gotestsum@$(GOTESTSUM_VERSION)
$(ACTIONLINT): install = github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION)
$(CYCLONEDX_GOMOD): install = github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX_GOMOD_VERSION)
$(VALIDATE_KREW_MANIFEST): install = sigs.k8s.io/krew/cmd/validate-krew-manifest@$(KREW_VERSION)
$(CRANE): install = github.com/google/go-containerregistry/cmd/crane@$(CRANE_VERSION)
$(MODULE_TOOLS):
	@echo 'building $(notdir $(@D)) from its Go module, about 2 minutes the first time'
	@CGO_ENABLED=0 GOBIN=$(@D) go install -trimpath $(install)

$(BIN)/tools/helm: $(HELM)
$(BIN)/tools/helm3: $(HELM3)
$(BIN)/tools/golangci-lint: $(GOLANGCI_LINT)
$(BIN)/tools/helm-docs: $(HELM_DOCS)
$(BIN)/tools/gotestsum: $(GOTESTSUM)
$(BIN)/tools/actionlint: $(ACTIONLINT)
$(BIN)/tools/cyclonedx-gomod: $(CYCLONEDX_GOMOD)
$(BIN)/tools/validate-krew-manifest: $(VALIDATE_KREW_MANIFEST)
$(BIN)/tools/crane: $(CRANE)
$(addprefix $(BIN)/tools/,$(sort $(notdir $(MODULE_TOOLS)) helm3)):
	@mkdir -p $(@D)
	@ln -sfn $< $@

# Checks that need no cluster.

GENERATED := charts/bluegreen/README.md config docs/switch-light.svg docs/switch-dark.svg
MODULES := . hack/image bench test/health test/rules

.PHONY: generate
generate: $(BIN)/tools/helm $(BIN)/tools/helm-docs ## Write derived files anew: the chart's README, config/, and the pictures of a switch.
	@helm-docs --log-level=warning --chart-search-root=charts
	@hack/generate-config
	@go run ./hack/picture docs

.PHONY: verify
verify: $(addprefix $(BIN)/tools/,helm golangci-lint actionlint) generate ## Check format, code, modules, chart and workflows, and that derived files are current.
	@unformatted=$$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -l); \
		test -z "$$unformatted" || { echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	@for module in $(MODULES); do (cd $$module && golangci-lint run --show-stats=false ./... && go mod tidy -diff) || exit 1; done
	@helm lint --strict --quiet charts/bluegreen
	@actionlint
	@git diff --exit-code -- $(GENERATED) || { echo 'run git add on what make generate wrote'; exit 1; }
	@untracked=$$(git ls-files --others --exclude-standard -- $(GENERATED)); \
		test -z "$$untracked" || { echo 'run git add on:'; echo "$$untracked"; exit 1; }

# Images. They are made without a container engine, as files that the local cluster loads.

IMAGE ?= bluegreen:dev
# Of tag v0.1.0 it is 0.1.0, and of commits after it, 0.1.0-5-g2d48db7f1c0a. Without a tag it is 0.0.0-g2d48db7f1c0a.
VERSION ?= $(shell (git describe --tags --match 'v[0-9]*' --always --abbrev=12 --dirty 2>/dev/null || echo dev) | sed 's/^v//;t;s/^/0.0.0-g/')
IMAGES := $(BIN)/images
NGINX_IMAGES := $(addprefix $(IMAGES)/nginx-,1.10.tar 1.11.tar 1.12.tar)

.PHONY: image
image: ## Make the image of bluegreen, named $IMAGE (bluegreen:dev), in bin/images/bluegreen.tar.
	@mkdir -p $(IMAGES)
	@GOOS=linux CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(IMAGES)/webhook ./cmd/webhook
	@cd hack/image && go run . --program $(IMAGES)/webhook --path /webhook --user 65532:65532 --tag $(IMAGE) \
		--output $(IMAGES)/bluegreen.tar
	@echo 'made bin/images/bluegreen.tar ($(IMAGE), $(VERSION))'

# Two more images of bluegreen for make chaos, whose clocks are 5 minutes off.
.PHONY: clock-images
clock-images:
	@test/chaos/build-with-clock $(IMAGES)/webhook-clock
	@cd hack/image && for clock in ahead:300 behind:-300; do \
		go run . --program $(IMAGES)/webhook-clock --path /webhook --user 65532:65532 --env CLOCK_OFF=$${clock#*:} \
			--tag bluegreen:$${clock%:*} --output $(IMAGES)/bluegreen-$${clock%:*}.tar; done

.PHONY: cluster-images
cluster-images: $(IMAGES)/pause.tar $(NGINX_IMAGES)

$(IMAGES)/nginx: $(wildcard test/cluster/nginx/*.go)
$(IMAGES)/pause $(IMAGES)/nginx: $(IMAGES)/%: test/cluster/%/main.go
	@mkdir -p $(@D)
	@CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o $@ ./$(<D)

$(IMAGES)/pause.tar: $(IMAGES)/pause
	@cd hack/image && go run . --program $< --path /pause --user 65535:65535 --tag pause:local --output $@

$(NGINX_IMAGES): $(IMAGES)/nginx-%.tar: $(IMAGES)/nginx
	@cd hack/image && go run . --program $< --path /nginx --env NGINX_VERSION=$* --tag nginx:$* --output $@

# kubectl bluegreen, and releases. What is made in dist/ depends on the commit, VERSION, REPOSITORY and DOWNLOADS alone.

DIST := $(CURDIR)/dist
CHART_REPOSITORY = $(shell sed -n '/^image:/,/^[^ ]/s/^  repository: //p' charts/bluegreen/values.yaml)
DOWNLOADS ?= $(shell sed -n 's/^home: //p' charts/bluegreen/Chart.yaml)/releases/download/v$(VERSION)
PLATFORMS ?= $(foreach os,darwin linux windows,$(os)/amd64 $(os)/arm64)
RELEASE = DIST=$(DIST) PLATFORMS='$(PLATFORMS)' VERSION=$(VERSION) REPOSITORY=$(or $(REPOSITORY),$(CHART_REPOSITORY)) DOWNLOADS=$(DOWNLOADS) \
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) hack/release
PLUGIN_TOOLS := $(addprefix $(BIN)/tools/,cyclonedx-gomod validate-krew-manifest)

.PHONY: kubectl-bluegreen
kubectl-bluegreen: ## Build kubectl bluegreen for this machine: bin/kubectl-bluegreen, and what completes its arguments in a shell.
	@CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN)/kubectl-bluegreen ./cmd/kubectl-bluegreen
	@cp hack/kubectl_complete-bluegreen $(BIN)
	@echo 'made bin/kubectl-bluegreen and bin/kubectl_complete-bluegreen ($(VERSION)): put both into a directory of PATH'

.PHONY: plugin
plugin: $(PLUGIN_TOOLS) ## Build kubectl bluegreen for Linux, macOS and Windows, with a manifest for krew, in dist/ (PLATFORMS=linux/amd64).
	@rm -rf $(DIST)
	@$(RELEASE) plugin checksums
	@ls -1sh $(DIST)

.PHONY: release
release: $(BIN)/tools/helm $(PLUGIN_TOOLS) ## Make a release of the commit in dist/: image, chart, manifests, plugin, SBOMs, checksums.
	@test -z "$$(git status --porcelain)" || { echo 'a release is made of a commit, but files have changed:' && git status --short && exit 1; }
	@rm -rf $(DIST)
	@$(RELEASE) image chart plugin checksums
	@ls -1sh $(DIST)

.PHONY: release-twice
release-twice: $(BIN)/tools/helm $(PLUGIN_TOOLS) ## Make a release of the last commit from two clean clones, and compare the files.
	@BIN=$(BIN) test/release/twice

.PHONY: publish
publish: $(addprefix $(BIN)/tools/,helm crane) ## Push image and chart from dist/ to a registry (REPOSITORY=REGISTRY/NAME as for make release).
	@test -n '$(REPOSITORY)' || { echo 'REPOSITORY is not set: set REPOSITORY=REGISTRY/NAME, as for make release' >&2; exit 1; }
	@$(RELEASE) publish

.PHONY: draft
draft: ## Draft a release on GitHub, of tag v$VERSION, with the files in dist/ (needs gh and GH_TOKEN).
	@gh release create v$(VERSION) --draft --verify-tag --title $(VERSION) $(DIST)/*

# The local cluster, whose real nodes are in Linux namespaces of their own (root). Its logs are in bin/cluster/logs.

.PHONY: cluster-up
cluster-up: packages kubernetes cluster-images ## Start or repair the local cluster, with KUBECONFIG bin/cluster/kubeconfig (root; 15 s; NODES=3 PROXY=iptables).
	@KUBERNETES=$(KUBERNETES) NODES=$(NODES) PROXY=$(PROXY) test/cluster/up

.PHONY: cluster-down
cluster-down: ## Stop the local cluster and remove everything it made (root).
	@test/cluster/down

# Without KUBECONFIG and ~/.kube/config, `make install` uses the local cluster.
LOCAL_KUBECONFIG := $(BIN)/cluster/kubeconfig
LOCAL := $(filter $(LOCAL_KUBECONFIG),$(or $(KUBECONFIG),$(wildcard $(HOME)/.kube/config),$(LOCAL_KUBECONFIG)))

# Tests.

.PHONY: test
test: $(TEST_TOOLS) ## Run all tests that need no root: units, manifests, and bluegreen against real API servers, newest and oldest.
	@cd hack/image && go test ./...
	@cd bench && go test ./...
	@cd test/health && go test ./...
	@cd test/rules && go test ./...
	@go test ./...
	@echo 'on Kubernetes $(OLDEST), the oldest that the chart allows:'
	@KUBEBUILDER_ASSETS=$(BIN)/kubernetes/$(OLDEST) go test -count=1 ./test/api/... ./test/manifests/... # Or the newest's result is cached.

E2E_TOOLS := $(BIN)/tools/helm $(BIN)/tools/helm3 $(BIN)/tools/gotestsum
E2E_TESTS ?= .
# One line for each test, and in the end all that failed ones printed.
E2E_RUN = gotestsum --format testname -- -count=1 -tags e2e

.PHONY: e2e
e2e: export KUBECONFIG := $(LOCAL_KUBECONFIG)
e2e: load $(E2E_TOOLS) ## Test the installed product on the local cluster, under live requests, with every client (root; 25 minutes).
	@IMAGE=$(IMAGE) $(E2E_RUN) -timeout 50m ./test/e2e/... -run '$(E2E_TESTS)'
	@IMAGE=$(IMAGE) $(E2E_RUN) -timeout 20m -parallel 8 ./test/clients/...

.PHONY: e2e-oldest
e2e-oldest: ## Test on a local cluster of the oldest Kubernetes that the chart allows: some walks, and every client (root; 8 minutes).
	@$(MAKE) --no-print-directory e2e KUBERNETES_VERSION=$(OLDEST) \
		E2E_TESTS='TestInstall|TestWalk|TestSwitchesWhenReady|TestTwoSlots'

# The last tag before this commit; until there is one, a commit from before there was a release.
BEFORE ?= $(or $(shell git describe --tags --match 'v[0-9]*' --abbrev=0 HEAD^ 2>/dev/null),e32dfd1cb3f59a1711ed5f693ec3fe9b595a9c3f)

.PHONY: upgrade
upgrade: export KUBECONFIG := $(LOCAL_KUBECONFIG)
upgrade: load $(E2E_TOOLS) ## Upgrade bluegreen from the version of BEFORE, a commit or a tag, and back, under requests (root; 4 minutes).
	@test/release/before $(BEFORE) $(BIN)/before
	@test/cluster/load $(BIN)/before/image.tar
	@IMAGE=$(IMAGE) $(E2E_RUN),upgrade -timeout 20m ./test/e2e -run TestUpgrade$$ -before=$(BIN)/before/charts/bluegreen

RUNS ?= 10

.PHONY: walks
walks: export KUBECONFIG := $(LOCAL_KUBECONFIG)
walks: load $(E2E_TOOLS) ## Test leaving blue RUNS times with each client, and write the results to docs/clients.md (root; 30 minutes).
	@IMAGE=$(IMAGE) go test -tags e2e -count=1 -timeout 120m -parallel 3 ./test/e2e -v \
		-run 'TestUpgradeThatDeletesBlue|TestTwoSlots|TestALiveSlotRelabelledByMistake' -runs $(RUNS) -update

MODES := nftables iptables

.PHONY: nodes
nodes: export KUBECONFIG := $(LOCAL_KUBECONFIG)
nodes: $(E2E_TOOLS) ## Measure switches on three nodes in each mode of kube-proxy, RUNS times, for docs/design.md (root; an hour; MODES=nftables).
	@for mode in $(MODES); do \
		$(MAKE) --no-print-directory cluster-down && $(MAKE) --no-print-directory load NODES=3 PROXY=$$mode && \
		IMAGE=$(IMAGE) go test -tags e2e -count=1 -timeout 60m ./test/e2e -v \
			-run 'TestEveryNodeFollows|TestKeptConnections' -runs $(RUNS) -update || exit; \
	done

.PHONY: clients-table
clients-table: export KUBECONFIG := $(LOCAL_KUBECONFIG)
clients-table: load $(E2E_TOOLS) ## Write the table in docs/clients.md from what every client does on the local cluster (root; 3 minutes).
	@IMAGE=$(IMAGE) go test -tags e2e -count=1 -timeout 20m -parallel 8 ./test/clients -run TestMatrix -update

.PHONY: followers-table
followers-table: export KUBECONFIG := $(LOCAL_KUBECONFIG)
followers-table: load $(E2E_TOOLS) ## Measure how far apart leader and follower move, for docs/design.md (root; 2 minutes).
	@IMAGE=$(IMAGE) $(E2E_RUN) -timeout 20m ./test/e2e -run TestFollowersMoveWithTheirLeader -update

.PHONY: release-page
release-page: export KUBECONFIG := $(LOCAL_KUBECONFIG)
release-page: load $(E2E_TOOLS) ## Write what the commands of docs/release.md print into that page (root; 4 minutes).
	@IMAGE=$(IMAGE) $(E2E_RUN) -timeout 20m ./test/e2e -run TestReleasePage -update

# Argo CD and Flux. Each program is built from its own module with the versions that it pins.

ARGO_CD := $(BIN)/versions/argo-cd-$(ARGO_CD_VERSION)/argocd
KUSTOMIZE_CONTROLLER := $(BIN)/versions/kustomize-controller-$(KUSTOMIZE_CONTROLLER_VERSION)/kustomize-controller
SOURCE_CONTROLLER := $(BIN)/versions/source-controller-$(SOURCE_CONTROLLER_VERSION)/source-controller
GITOPS_ENGINES := $(ARGO_CD) $(KUSTOMIZE_CONTROLLER) $(SOURCE_CONTROLLER)

gitops_engine = github.com/argoproj/argo-cd/gitops-engine
flux = github.com/fluxcd/$(1)@$(2) . config/crd/bases -dropreplace=github.com/fluxcd/$(1)/api

$(ARGO_CD): module = github.com/argoproj/argo-cd/v3@$(ARGO_CD_VERSION) ./cmd manifests/crds \
	-replace=$(gitops_engine)=$(gitops_engine)@$(GITOPS_ENGINE_VERSION)
$(KUSTOMIZE_CONTROLLER): module = $(call flux,kustomize-controller,$(KUSTOMIZE_CONTROLLER_VERSION))
$(SOURCE_CONTROLLER): module = $(call flux,source-controller,$(SOURCE_CONTROLLER_VERSION))
$(GITOPS_ENGINES):
	@test/gitops/build $@ $(module)

.PHONY: gitops
gitops: export KUBECONFIG := $(LOCAL_KUBECONFIG)
gitops: load $(BIN)/tools/helm $(GITOPS_ENGINES) ## Test with Argo CD and Flux, and write the table to docs/clients.md (root; 9 minutes).
	@test/cluster/packages git redis-server
	@ARGO_CD=$(ARGO_CD) KUSTOMIZE_CONTROLLER=$(KUSTOMIZE_CONTROLLER) SOURCE_CONTROLLER=$(SOURCE_CONTROLLER) IMAGE=$(IMAGE) \
		go test -tags e2e -count=1 -timeout 40m -parallel 8 ./test/gitops -update

# cert-manager, as its own chart installs it, with the program of hack/tools/cert-manager.

CERT_MANAGER := $(BIN)/versions/cert-manager-$(CERT_MANAGER_VERSION)/cert-manager
CERT_MANAGER_SOURCE = $(shell go mod download -json github.com/cert-manager/cert-manager@$(CERT_MANAGER_VERSION) | \
	sed -nE 's/^\s*"Dir": "(.*)".*/\1/p')

$(CERT_MANAGER): $(wildcard hack/tools/cert-manager/*)
	@echo 'building cert-manager $(CERT_MANAGER_VERSION) from its Go module, about 7 minutes the first time'
	@mkdir -p $(@D)
	@CGO_ENABLED=0 go build -C hack/tools/cert-manager -trimpath -ldflags '-s -w' -o $@ .

$(IMAGES)/cert-manager.tar: $(CERT_MANAGER)
	@cd hack/image && go run . --program $< --path /cert-manager --user 65532:65532 --tag cert-manager:local --output $@

.PHONY: cert-manager
cert-manager: export KUBECONFIG := $(LOCAL_KUBECONFIG)
cert-manager: load $(IMAGES)/cert-manager.tar $(E2E_TOOLS) ## Test bluegreen with cert-manager on the local cluster, for docs/operate.md (root; 8 minutes).
	@test/cluster/load $(IMAGES)/cert-manager.tar
	@IMAGE=$(IMAGE) go test -tags e2e,certmanager -count=1 -timeout 20m -v ./test/e2e -run TestCertManager -update \
		-cert-manager=$(CERT_MANAGER_SOURCE)/deploy/charts/cert-manager

# Prometheus, with the version that test/rules has, without its pages for browsers and without all discovery but that of Kubernetes.

PROMETHEUS_VERSION := $(shell sed -nE 's,^\sgithub.com/prometheus/prometheus (v[0-9.]+)$$,\1,p' test/rules/go.mod)
PROMETHEUS := $(BIN)/versions/prometheus-$(PROMETHEUS_VERSION)/prometheus
PROMETHEUS_SOURCE = $(shell go mod download -json github.com/prometheus/prometheus@$(PROMETHEUS_VERSION) | \
	sed -nE 's/^\s*"Dir": "(.*)".*/\1/p')

$(PROMETHEUS):
	@echo 'building Prometheus $(PROMETHEUS_VERSION) from its Go module, about 7 minutes the first time'
	@mkdir -p $(@D)
	@GOWORK=off CGO_ENABLED=0 go build -C $(PROMETHEUS_SOURCE) -trimpath -ldflags '-s -w' -tags remove_all_sd,enable_kubernetes_sd \
		-o $@ ./cmd/prometheus

.PHONY: prometheus
prometheus: export KUBECONFIG := $(LOCAL_KUBECONFIG)
prometheus: load $(PROMETHEUS) $(E2E_TOOLS) ## Test rules and dashboard with a Prometheus, and draw docs/dashboard.svg (root; 2 minutes).
	@IMAGE=$(IMAGE) $(E2E_RUN),prometheus -timeout 20m ./test/e2e -run TestPrometheus -prometheus=$(PROMETHEUS) -update

# Faults.

ROUNDS ?= 100
SEED ?=

.PHONY: chaos
chaos: export KUBECONFIG := $(LOCAL_KUBECONFIG)
chaos: NODES := 3
chaos: load clock-images $(BIN)/tools/helm ## Switch under ROUNDS faults, for docs/reliability.md; runs add up in bin/chaos.jsonl (root; 30 s a round; SEED=N).
	@test/cluster/load $(IMAGES)/bluegreen-ahead.tar $(IMAGES)/bluegreen-behind.tar
	@IMAGE=$(IMAGE) go test -tags e2e -count=1 -timeout 0 -v ./test/chaos -update -rounds=$(ROUNDS) $(addprefix -seed=,$(SEED))

# Argo Rollouts, which is built from its own module with the versions that it pins: the way from it, and benchmarks beside it.

ARGO := $(BIN)/versions/argo-rollouts-$(ARGO_VERSION)/rollouts-controller
ARGO_SOURCE = $(shell go mod download -json github.com/argoproj/argo-rollouts@$(ARGO_VERSION) | \
	sed -nE 's/^\s*"Dir": "(.*)".*/\1/p')

$(ARGO):
	@echo 'building Argo Rollouts $(ARGO_VERSION) from its Go module, about 4 minutes the first time'
	@mkdir -p $(@D)
	@CGO_ENABLED=0 go build -C $(ARGO_SOURCE) -trimpath -ldflags '-s -w' -o $@ ./cmd/rollouts-controller

.PHONY: migrate
migrate: export KUBECONFIG := $(LOCAL_KUBECONFIG)
migrate: load $(ARGO) $(E2E_TOOLS) ## Move a Service from Argo Rollouts to bluegreen by docs/migrate.md, under requests (root; 3 minutes).
	@IMAGE=$(IMAGE) $(E2E_RUN),argorollouts -timeout 20m ./test/e2e -run TestMigrationFromArgoRollouts \
		-argo=$(ARGO) -argo-crds=$(ARGO_SOURCE)/manifests/crds

BENCH ?= latency,readiness,storm,scale,start,webhook,felt
BENCH_FLAGS ?=
BENCH_PARTS := $(subst $(comma), ,$(BENCH))
run_bench = cd bench && go run . $(addprefix --only=,$(1)) --docs=$(CURDIR)/docs \
	--argo=$(ARGO) --argo-crds=$(ARGO_SOURCE)/manifests/crds $(BENCH_FLAGS)

# What needs the local cluster comes last: the cluster would slow down the other measurements.
BENCH_ON_CLUSTER := $(filter felt pages,$(BENCH_PARTS))
BENCH_ALONE := $(filter-out $(BENCH_ON_CLUSTER),$(BENCH_PARTS))

.PHONY: bench
bench: $(ARGO) $(TEST_TOOLS) ## Measure bluegreen and its peers for docs/performance.md (root; over an hour; part: BENCH=latency,storm).
	$(if $(BENCH_ALONE),@$(call run_bench,$(BENCH_ALONE)))
	$(if $(BENCH_ALONE),@go test -run '^$$' -bench . -benchmem ./pkg/...)
	$(if $(BENCH_ON_CLUSTER),@$(MAKE) --no-print-directory install KUBECONFIG=$(LOCAL_KUBECONFIG))
	$(if $(BENCH_ON_CLUSTER),@$(call run_bench,$(BENCH_ON_CLUSTER)) --cluster-kubeconfig=$(LOCAL_KUBECONFIG))

.PHONY: bench-pages
bench-pages: packages ## Count the pages that a switch breaks in browsers, for docs/front-ends.md (root; about half an hour; installs Chromium).
	@test/cluster/packages chromium
	@$(MAKE) --no-print-directory bench BENCH=pages

# For people who try bluegreen.

.PHONY: load
load: cluster-up image ## Make the image and load it into the local cluster, which has no registry to pull from.
	@test/cluster/load $(IMAGES)/bluegreen.tar

.PHONY: install
install: ## Install the chart into the local cluster, or into that of KUBECONFIG, which needs IMAGE=REGISTRY/NAME:TAG.
install: $(if $(LOCAL),load) $(BIN)/tools/helm
ifeq ($(LOCAL)$(filter command line environment,$(origin IMAGE)),)
	@echo 'IMAGE is not set: this cluster pulls bluegreen from a registry, so set IMAGE=REGISTRY/NAME:TAG' >&2; exit 1
endif
	@$(if $(LOCAL),KUBECONFIG=$(LOCAL_KUBECONFIG)) hack/install $(IMAGE) $(if $(LOCAL),$(IMAGES)/webhook)

.PHONY: demo
demo: export KUBECONFIG := $(LOCAL_KUBECONFIG)
demo: ## Watch nginx 1.10 become 1.11 on the local cluster, under live requests (root; builds what is missing).
	@$(MAKE) --no-print-directory install
	@go run ./test/demo

.PHONY: recording
recording: export KUBECONFIG := $(LOCAL_KUBECONFIG)
recording: plugin ## Record a switch on the local cluster as kubectl bluegreen status -w shows it, for README.md (root; 2 minutes).
	@$(MAKE) --no-print-directory install
	@PATH=$(BIN):$$PATH go run ./hack/recording record $(BIN)/recording.json
	@go run ./hack/recording draw $(BIN)/recording.json docs/status.svg
