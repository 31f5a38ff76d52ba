package bluegreen

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// parseChecks reads the annotations of checks, once those that they depend on are read.
func (o *Options) parseChecks(annotations map[string]string) field.ErrorList {
	var before, after *field.Error
	if o.CheckBefore, before = cronJob(annotations, PrePromotionCheck); o.CheckBefore != "" && !o.Protect {
		before = field.Invalid(AnnotationsPath.Key(PrePromotionCheck), o.CheckBefore, "needs "+InUseProtection+" to be enabled for this "+
			"Service: what serves could roll out while it is checked")
	}
	if o.CheckAfter, after = cronJob(annotations, PostPromotionCheck); o.CheckAfter != "" &&
		(o.AutoRollback == nil || *o.AutoRollback < LeastWindow) {
		after = field.Invalid(AnnotationsPath.Key(PostPromotionCheck), o.CheckAfter, "needs "+AutoRollback+" of "+LeastWindow.String()+
			" or more, which says how long it may take")
	}
	var errs field.ErrorList
	if before != nil {
		o.CheckBefore, errs = "", append(errs, before)
	}
	if after != nil {
		o.CheckAfter, errs = "", append(errs, after)
	}
	return errs
}

// cronJob reads an annotation that names a CronJob.
func cronJob(annotations map[string]string, key string) (string, *field.Error) {
	name, set := annotations[key]
	if problems := validation.IsDNS1123Subdomain(name); set && len(problems) > 0 {
		return "", field.Invalid(AnnotationsPath.Key(key), name, "must be the name of a CronJob of this namespace: "+strings.Join(problems, "; "))
	}
	return name, nil
}

// NotChecking says what is missing for PrePromotionCheck or PostPromotionCheck: without it, bluegreen has no right to run Jobs.
func NotChecking(key, value string) *field.Error {
	return field.Invalid(AnnotationsPath.Key(key), value, "needs checks.enabled in bluegreen's Helm chart")
}
