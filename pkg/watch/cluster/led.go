package cluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Service returns the cache's Service of a name, if it is led on its way to where its leader is; it does not exist if there is none.
func (c *Cluster) Service(ctx context.Context, namespace, name string) (bluegreen.Service, error) {
	service, err := readService(ctx, c.Client, namespace, name)
	if err != nil {
		return service, err
	}
	return c.OnItsWay(ctx, service)
}

// OnItsWay returns a Service, if it is led with the version as its target that it goes to next.
func (c *Cluster) OnItsWay(ctx context.Context, service bluegreen.Service) (bluegreen.Service, error) {
	if service.Leader == "" {
		return c.leading(ctx, service)
	}
	leader, err := c.LeaderOf(ctx, service)
	if err != nil {
		return service, err
	}
	leader, err = c.leading(ctx, leader)
	return service.NextBy(leader), err
}

// leading returns a Service as one that leads the cache's followers of it.
func (c *Cluster) leading(ctx context.Context, service bluegreen.Service) (bluegreen.Service, error) {
	if !service.Exists() || !service.Managed {
		return service, nil
	}
	led, err := c.LedBy(ctx, service.Service)
	return service.Leading(bluegreen.FollowersOf(service, led)), err
}

// LeaderOf returns the cache's leader of a Service; it does not exist if there is none.
func (c *Cluster) LeaderOf(ctx context.Context, service bluegreen.Service) (bluegreen.Service, error) {
	return leaderOf(ctx, c.Client, service)
}

// ReadLeaderOf returns the leader that the API server has.
func (c *Cluster) ReadLeaderOf(ctx context.Context, service bluegreen.Service) (bluegreen.Service, error) {
	return leaderOf(ctx, c.APIReader, service)
}

// LedBy returns the cache's Services that are led by another one.
func (c *Cluster) LedBy(ctx context.Context, leader *corev1.Service) ([]bluegreen.Service, error) {
	var list corev1.ServiceList
	err := c.Client.List(ctx, &list, client.InNamespace(leader.Namespace), client.MatchingFields{byLeader: leader.Name})
	if err != nil {
		return nil, fmt.Errorf("listing the Services that Service %s leads: %w", leader.Name, err)
	}
	found := make([]bluegreen.Service, 0, len(list.Items))
	for i := range list.Items {
		found = append(found, bluegreen.Read(&list.Items[i]))
	}
	return found, nil
}

func leaderOf(ctx context.Context, reader client.Reader, service bluegreen.Service) (bluegreen.Service, error) {
	if service.Leader == "" {
		return bluegreen.Service{}, nil
	}
	return readService(ctx, reader, service.Namespace, service.Leader)
}

func readService(ctx context.Context, reader client.Reader, namespace, name string) (bluegreen.Service, error) {
	object := &corev1.Service{}
	err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)
	if client.IgnoreNotFound(err) != nil {
		return bluegreen.Service{}, fmt.Errorf("reading Service %s: %w", name, err)
	}
	if err != nil {
		return bluegreen.Service{}, nil
	}
	return bluegreen.Read(object), nil
}
