# Builds on the builder's own architecture and cross-compiles, so that a multi-arch build needs no emulation.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd/ cmd/
COPY pkg/ pkg/
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /webhook ./cmd/webhook

# The program is static and talks to the API server alone, whose CA comes with its service account: nothing else is needed.
FROM scratch
COPY --from=build /webhook /webhook
USER 65532:65532
ENTRYPOINT ["/webhook"]
