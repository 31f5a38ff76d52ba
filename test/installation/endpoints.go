package installation

import (
	"context"
	"errors"
	"net"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Join sends the API server to a webhook at a port of this machine. Like the controllers of a cluster, it writes an EndpointSlice,
// which newer API servers read, and Endpoints, which that of Kubernetes 1.30 reads.
func (i *Installation) Join(ctx context.Context, port int) (*discoveryv1.EndpointSlice, error) {
	address, err := ownAddress()
	if err != nil {
		return nil, err
	}
	slice := &discoveryv1.EndpointSlice{
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}},
		Ports:       []discoveryv1.EndpointPort{{Name: new("webhook"), Port: new(int32(port)), Protocol: ptr.To(corev1.ProtocolTCP)}},
	}
	slice.Namespace, slice.GenerateName = i.Namespace, i.Name+"-"
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: i.service()}
	if err := i.cluster.Admin.Create(ctx, slice); err != nil {
		return nil, err
	}
	return slice, i.writeEndpoints(ctx)
}

// Leave undoes Join.
func (i *Installation) Leave(ctx context.Context, slice *discoveryv1.EndpointSlice) error {
	if err := i.cluster.Admin.Delete(ctx, slice); err != nil {
		return err
	}
	return i.writeEndpoints(ctx)
}

func (i *Installation) service() string { return i.Name + "-webhook" }

// writeEndpoints writes the Endpoints of the webhook's Service anew, from its EndpointSlices.
func (i *Installation) writeEndpoints(ctx context.Context) error {
	i.endpoints.Lock()
	defer i.endpoints.Unlock()
	var slices discoveryv1.EndpointSliceList
	of := client.MatchingLabels{discoveryv1.LabelServiceName: i.service()}
	if err := i.cluster.Admin.List(ctx, &slices, client.InNamespace(i.Namespace), of); err != nil {
		return err
	}
	endpoints := applycorev1.Endpoints(i.service(), i.Namespace)
	for _, slice := range slices.Items {
		address := applycorev1.EndpointAddress().WithIP(slice.Endpoints[0].Addresses[0])
		port := applycorev1.EndpointPort().WithName(*slice.Ports[0].Name).WithPort(*slice.Ports[0].Port)
		endpoints.WithSubsets(applycorev1.EndpointSubset().WithAddresses(address).WithPorts(port))
	}
	return i.cluster.Admin.Apply(ctx, endpoints, client.FieldOwner("installation"), client.ForceOwnership)
}

// ownAddress is an address of this machine that may stand in endpoints, where loopback ones may not.
func ownAddress() (string, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	for _, address := range addresses {
		if ip := address.(*net.IPNet).IP; ip.To4() != nil && ip.IsGlobalUnicast() {
			return ip.String(), nil
		}
	}
	return "", errors.New("this machine has no IPv4 address but loopback ones; the API server needs one to reach the webhook")
}
