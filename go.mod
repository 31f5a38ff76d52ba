module github.com/bluegreen-k8s/bluegreen

go 1.26.8
