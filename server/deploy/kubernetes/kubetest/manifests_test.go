// Package kubetest builds the manifests as kubectl does and decodes them with the types of
// Kubernetes, which no field that Kubernetes does not know gets through.
package kubetest

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// manifests are what kubectl apply -k sends.
type manifests struct {
	account    corev1.ServiceAccount
	settings   corev1.ConfigMap
	service    corev1.Service
	deployment appsv1.Deployment
	budget     policyv1.PodDisruptionBudget
	network    networkingv1.NetworkPolicy
}

func build(t *testing.T) *manifests {
	t.Helper()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "..")
	if err != nil {
		t.Fatal(err)
	}
	m := &manifests{}
	into := map[string]any{
		"v1/ServiceAccount": &m.account, "v1/ConfigMap": &m.settings, "v1/Service": &m.service, "apps/v1/Deployment": &m.deployment,
		"policy/v1/PodDisruptionBudget": &m.budget, "networking.k8s.io/v1/NetworkPolicy": &m.network,
	}
	for _, resource := range made.Resources() {
		kind := resource.GetApiVersion() + "/" + resource.GetKind()
		target := into[kind]
		if target == nil {
			t.Fatalf("%s is not expected, or is there twice", kind)
		}
		delete(into, kind)
		if err := yaml.UnmarshalStrict([]byte(resource.MustYaml()), target); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for kind := range into {
		t.Errorf("there is no %s", kind)
	}
	return m
}

// Whatever selects pods selects those of the deployment.
func TestSelectors(t *testing.T) {
	m := build(t)
	pods := labels.Set(m.deployment.Spec.Template.Labels)
	spread := m.deployment.Spec.Template.Spec.TopologySpreadConstraints[0]
	for what, selector := range map[string]*metav1.LabelSelector{
		"deployment": m.deployment.Spec.Selector, "budget": m.budget.Spec.Selector, "network": &m.network.Spec.PodSelector, "spread": spread.LabelSelector,
	} {
		chosen, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil || chosen.Empty() || !chosen.Matches(pods) {
			t.Errorf("the selector of %s does not select the pods: %v", what, err)
		}
	}
	if len(m.service.Spec.Selector) == 0 || !labels.SelectorFromSet(m.service.Spec.Selector).Matches(pods) {
		t.Error("the service does not select the pods")
	}
}

// An update or the loss of a node leaves one replica that serves.
func TestStaysUp(t *testing.T) {
	m := build(t)
	if n := m.deployment.Spec.Replicas; n == nil || *n != 2 {
		t.Error("there are not two replicas")
	}
	if u := m.deployment.Spec.Strategy.RollingUpdate; u == nil || u.MaxUnavailable.IntValue() != 0 {
		t.Error("an update ends a replica before another one is ready")
	}
	if a := m.budget.Spec.MinAvailable; a == nil || a.IntValue() != 1 {
		t.Error("the budget does not keep one replica")
	}
	container := m.deployment.Spec.Template.Spec.Containers[0]
	for what, probe := range map[string]*corev1.Probe{
		"/healthz": container.LivenessProbe, "/readyz": container.ReadinessProbe,
	} {
		switch get := probe.HTTPGet; {
		case get == nil, get.Path != what, get.Scheme != corev1.URISchemeHTTPS, get.Port.String() != container.Ports[0].Name:
			t.Errorf("the probe of %s is %+v", what, probe)
		case len(get.HTTPHeaders) != 1 || get.HTTPHeaders[0].Value != "localhost": // the console answers no address of a pod
			t.Errorf("the probe of %s does not ask for localhost", what)
		}
	}
	if p := m.service.Spec.Ports[0]; p.TargetPort.String() != container.Ports[0].Name {
		t.Error("the service leads to another port")
	}
}

// The pods run as nobody in particular, and write nowhere.
func TestPodSecurity(t *testing.T) {
	pod := build(t).deployment.Spec.Template.Spec
	c := pod.Containers[0].SecurityContext
	switch s := pod.SecurityContext; {
	case s.RunAsNonRoot == nil || !*s.RunAsNonRoot, s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault,
		!*c.ReadOnlyRootFilesystem, *c.AllowPrivilegeEscalation, len(c.Capabilities.Drop) != 1 || c.Capabilities.Drop[0] != "ALL",
		*pod.AutomountServiceAccountToken, pod.HostNetwork, *pod.EnableServiceLinks:
		t.Errorf("the pods may more than they need: %+v, %+v", s, c)
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		if !mount.ReadOnly {
			t.Errorf("%s can be written", mount.MountPath)
		}
	}
}

// Secrets are named and not written down, and no secret is in the environment but the database's
// address, for which there is no file.
func TestSecretsByReference(t *testing.T) {
	m := build(t)
	container := m.deployment.Spec.Template.Spec.Containers[0]
	for _, variable := range container.Env {
		secret := variable.ValueFrom != nil && variable.ValueFrom.SecretKeyRef != nil
		if secret != (variable.Name == "KEYFERRY_DATABASE") {
			t.Errorf("%s: from a secret: %v", variable.Name, secret)
		}
	}
	for name, value := range m.settings.Data {
		if !strings.HasPrefix(name, "KEYFERRY_") || strings.Contains(name, "SECRET") || strings.Contains(value, "@") {
			t.Errorf("the settings have %s", name)
		}
	}
	for _, volume := range m.deployment.Spec.Template.Spec.Volumes {
		if s := volume.Secret; s != nil && *s.DefaultMode != 0o440 {
			t.Errorf("the mode of %s is %o", volume.Name, *s.DefaultMode)
		}
	}
}
