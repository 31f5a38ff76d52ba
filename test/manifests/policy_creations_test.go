package manifests

// creations are those of Services.
var creations = map[string]struct {
	service changes
	user    string
	refusal string
}{
	"managed with its key": {
		service: changes{managed},
	},
	"managed, another version": {
		service: changes{managed, selects("version", "1.9")},
	},
	"managed without its key": {
		service: changes{managed, selectsNot("version")},
		refusal: keyMissing,
	},
	"managed without a selector": {
		service: changes{managed, selectorless},
		refusal: keyMissing,
	},
	"managed ExternalName": {
		service: changes{managed, external},
		refusal: keyMissing,
	},
	"managed by the controller": {
		service: changes{managed, selectsNot("version")},
		user:    controller,
		refusal: keyMissing,
	},
	"managed with a key of choice": {
		service: changes{managed, annotate("bluegreen/version-label", "v"), selects("v", "1")},
	},
	"managed without that key": {
		service: changes{managed, annotate("bluegreen/version-label", "v")},
		refusal: keyMissing + ` v`,
	},
	"managed, generated name": {
		service: changes{managed, generated, selectsNot("version")},
		refusal: keyMissing,
	},
	"a follower with its key": {
		service: changes{follows},
	},
	"a follower that selects nothing yet": {
		service: changes{follows, selects("version", "")},
	},
	"a follower without its key": {
		service: changes{follows, selectsNot("version")},
		refusal: keyMissing,
	},
	"a preview without its key": {
		service: changes{previews, selectsNot("version")},
		refusal: keyMissing,
	},
	"unmanaged without a key": {
		service: changes{selectsNot("version")},
	},
	"unmanaged without a selector": {
		service: changes{selectorless},
	},
	"unmanaged ExternalName": {
		service: changes{external},
	},
}
