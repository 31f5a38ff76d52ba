package cluster

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// packed is an object as the cache holds it: encoded, because a cluster has many thousands of Services and Deployments, almost
// all of them lie still, and an encoded Deployment takes a sixth of the memory. Whoever gets one out of the cache gets it
// unpacked; for handlers, predicates and indexes, handlers.go does that. client-go's debugging switches that compare objects of a
// cache (KUBE_CACHE_MUTATION_DETECTOR, KUBE_WATCHLIST_INCONSISTENCY_DETECTOR) see differences where there are none.
type packed[T any, O encodable[T]] struct {
	client.Object // One empty object, shared by all. UID, labels, deletionTimestamp read as empty; only the three below do not.

	namespace, name, resourceVersion string
	encoded                          []byte
}

// encodable is what the types of k8s.io/api have.
type encodable[T any] interface {
	*T
	client.Object
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// pack makes an informer hold what a function keeps of each object, packed.
func pack[T any, O encodable[T]](keep func(O) O) cache.TransformFunc {
	return func(object any) (any, error) {
		whole, is := object.(O)
		if !is {
			return object, nil // It is packed already, or a tombstone.
		}
		encoded, err := keep(whole).Marshal()
		return &packed[T, O]{
			Object:          nothing,
			namespace:       whole.GetNamespace(),
			name:            whole.GetName(),
			resourceVersion: whole.GetResourceVersion(),
			encoded:         encoded,
		}, err
	}
}

var nothing = &metav1.PartialObjectMetadata{}

func (p *packed[T, O]) GetNamespace() string       { return p.namespace }
func (p *packed[T, O]) GetName() string            { return p.name }
func (p *packed[T, O]) GetResourceVersion() string { return p.resourceVersion }

// DeepCopyObject returns what was packed: the cache hands out copies only.
func (p *packed[T, O]) DeepCopyObject() runtime.Object {
	object := O(new(T))
	utilruntime.Must(object.Unmarshal(p.encoded)) // It was encoded here.
	return object
}

// unpack returns an object that may be packed.
func unpack[O client.Object](object client.Object) O { return object.DeepCopyObject().(O) }
