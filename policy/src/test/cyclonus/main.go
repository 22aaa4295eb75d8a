// Writes what cyclonus makes of its own test cases, one line of JSON for each step, compressed: the policies and pods there
// are, and the verdict for each flow between two different pods. CyclonusTest compares the evaluator with it. To make the
// tables anew, in this folder:
//
//	go run . > ../resources/dev/agentcontainers/policy/cyclonus.json.gz
package main

import (
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"

	"github.com/mattfenwick/cyclonus/pkg/connectivity/probe"
	"github.com/mattfenwick/cyclonus/pkg/generator"
	"github.com/mattfenwick/cyclonus/pkg/matcher"
	"github.com/sirupsen/logrus"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type port struct {
	Name     string          `json:"name"`
	Protocol corev1.Protocol `json:"protocol"`
	Port     int             `json:"port"`
}

type pod struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Address   string            `json:"address"`
	Labels    map[string]string `json:"labels"`
	Ports     []port            `json:"ports"`
}

type cluster struct {
	Namespaces map[string]map[string]string `json:"namespaces"`
	Pods       []pod                        `json:"pods"`
}

// A step has its cluster only where it differs from the one of the first line. Each of the four sets of flows is a
// sequence of bits, highest first, in the order: source, destination, port of the destination.
type step struct {
	Case     int                           `json:"case"`
	Step     int                           `json:"step"`
	Steps    int                           `json:"steps"`
	Name     string                        `json:"name"`
	Cluster  *cluster                      `json:"cluster,omitempty"`
	Policies []*networkingv1.NetworkPolicy `json:"policies"`
	Flows    int                           `json:"flows"`
	// Egress and Ingress are what each side says by itself, Allowed is both.
	Egress  string `json:"egress"`
	Ingress string `json:"ingress"`
	Allowed string `json:"allowed"`
	// Fenced is Allowed where each namespace also has a policy that isolates all of its pods in both directions.
	Fenced string `json:"fenced"`
}

func main() {
	logrus.SetLevel(logrus.ErrorLevel)
	out, err := gzip.NewWriterLevel(os.Stdout, gzip.BestCompression)
	if err == nil {
		err = write(out)
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(out io.Writer) error {
	lines := json.NewEncoder(out)
	initial := resources()
	if err := lines.Encode(clusterOf(initial)); err != nil {
		return err
	}
	// The address that cases with an ipBlock are made for is the one of z/c, as cyclonus itself has it.
	target, err := initial.GetPod("z", "c")
	if err != nil {
		return err
	}
	cases := generator.NewTestCaseGenerator(true, target.IP, []string{"x", "y", "z"}, nil, nil).GenerateTestCases()
	for number, testCase := range cases {
		current := state{resources: initial}
		for index, testStep := range testCase.Steps {
			for _, action := range testStep.Actions {
				if err := current.apply(action); err != nil {
					return fmt.Errorf("case %d (%s), step %d: %w", number+1, testCase.Description, index+1, err)
				}
			}
			line := current.evaluate()
			line.Case, line.Step, line.Steps, line.Name = number+1, index+1, len(testCase.Steps), testCase.Description
			if current.resources != initial {
				line.Cluster = clusterOf(current.resources)
			}
			if err := lines.Encode(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// resources are cyclonus' default ones, with addresses, which only a cluster would have given them.
func resources() *probe.Resources {
	made := &probe.Resources{Namespaces: map[string]map[string]string{}}
	for namespaceIndex, namespace := range []string{"x", "y", "z"} {
		made.Namespaces[namespace] = withDefault(namespace, map[string]string{"ns": namespace})
		for podIndex, name := range []string{"a", "b", "c"} {
			pod := probe.NewDefaultPod(namespace, name, []int{80, 81},
				[]corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}, false, "")
			pod.IP = fmt.Sprintf("192.168.%d.%d", namespaceIndex+1, 10*(podIndex+1))
			made.Pods = append(made.Pods, pod)
		}
	}
	return made
}

// withDefault adds the label that the API server gives each namespace; cyclonus reads it from the cluster and has cases that
// select by it.
func withDefault(namespace string, labels map[string]string) map[string]string {
	all := map[string]string{corev1.LabelMetadataName: namespace}
	for key, value := range labels {
		all[key] = value
	}
	return all
}

func clusterOf(resources *probe.Resources) *cluster {
	shown := &cluster{Namespaces: resources.Namespaces}
	for _, each := range resources.Pods {
		made := pod{Namespace: each.Namespace, Name: each.Name, Address: each.IP, Labels: each.Labels}
		for _, container := range each.Containers {
			made.Ports = append(made.Ports, port{container.PortName, container.Protocol, container.Port})
		}
		shown.Pods = append(shown.Pods, made)
	}
	return shown
}

type state struct {
	resources *probe.Resources
	policies  []*networkingv1.NetworkPolicy
}

func (s *state) apply(action *generator.Action) error {
	var err error
	switch {
	case action.CreatePolicy != nil:
		s.policies = append(s.policies, action.CreatePolicy.Policy)
	case action.UpdatePolicy != nil:
		policy := action.UpdatePolicy.Policy
		if err = s.remove(policy.Namespace, policy.Name); err == nil {
			s.policies = append(s.policies, policy)
		}
	case action.DeletePolicy != nil:
		err = s.remove(action.DeletePolicy.Namespace, action.DeletePolicy.Name)
	case action.CreateNamespace != nil:
		s.resources, err = s.resources.CreateNamespace(
			action.CreateNamespace.Namespace, withDefault(action.CreateNamespace.Namespace, action.CreateNamespace.Labels))
	case action.SetNamespaceLabels != nil:
		s.resources, err = s.resources.UpdateNamespaceLabels(action.SetNamespaceLabels.Namespace,
			withDefault(action.SetNamespaceLabels.Namespace, action.SetNamespaceLabels.Labels))
	case action.DeleteNamespace != nil:
		s.resources, err = s.resources.DeleteNamespace(action.DeleteNamespace.Namespace)
	case action.CreatePod != nil:
		s.resources, err = s.resources.CreatePod(
			action.CreatePod.Namespace, action.CreatePod.Pod, action.CreatePod.Labels)
		if err == nil {
			last := s.resources.Pods[len(s.resources.Pods)-1]
			last.IP = fmt.Sprintf("192.168.200.%d", len(s.resources.Pods))
		}
	case action.SetPodLabels != nil:
		s.resources, err = s.resources.SetPodLabels(
			action.SetPodLabels.Namespace, action.SetPodLabels.Pod, action.SetPodLabels.Labels)
	case action.DeletePod != nil:
		s.resources, err = s.resources.DeletePod(action.DeletePod.Namespace, action.DeletePod.Pod)
	default:
		err = fmt.Errorf("an action that is not known here: %+v", action)
	}
	return err
}

func (s *state) remove(namespace string, name string) error {
	var rest []*networkingv1.NetworkPolicy
	for _, policy := range s.policies {
		if policy.Namespace != namespace || policy.Name != name {
			rest = append(rest, policy)
		}
	}
	if len(rest) == len(s.policies) {
		return fmt.Errorf("there is no policy %s/%s", namespace, name)
	}
	s.policies = rest
	return nil
}

func (s *state) evaluate() *step {
	policies := matcher.BuildNetworkPolicies(true, s.policies)
	fenced := matcher.BuildNetworkPolicies(true, append(s.isolation(), s.policies...))
	var egress, ingress, allowed, whereFenced bits
	for _, job := range (&probe.JobBuilder{}).GetJobsAllAvailableServers(s.resources, generator.ProbeModePodIP).Valid {
		if job.FromKey == job.ToKey {
			continue
		}
		verdict := policies.IsTrafficAllowed(job.Traffic())
		egress.add(verdict.Egress.IsAllowed())
		ingress.add(verdict.Ingress.IsAllowed())
		allowed.add(verdict.IsAllowed())
		whereFenced.add(fenced.IsTrafficAllowed(job.Traffic()).IsAllowed())
	}
	return &step{
		Policies: append([]*networkingv1.NetworkPolicy{}, s.policies...),
		Flows:    allowed.count,
		Egress:   egress.hex(),
		Ingress:  ingress.hex(),
		Allowed:  allowed.hex(),
		Fenced:   whereFenced.hex(),
	}
}

func (s *state) isolation() []*networkingv1.NetworkPolicy {
	var policies []*networkingv1.NetworkPolicy
	var namespaces []string
	for namespace := range s.resources.Namespaces {
		namespaces = append(namespaces, namespace)
	}
	sort.Strings(namespaces)
	for _, namespace := range namespaces {
		policies = append(policies, &networkingv1.NetworkPolicy{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "isolation"},
			Spec: networkingv1.NetworkPolicySpec{
				PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			},
		})
	}
	return policies
}

// bits is a sequence of them, the highest of each byte first.
type bits struct {
	bytes []byte
	count int
}

func (b *bits) add(set bool) {
	if b.count%8 == 0 {
		b.bytes = append(b.bytes, 0)
	}
	if set {
		b.bytes[len(b.bytes)-1] |= 1 << (7 - b.count%8)
	}
	b.count++
}

func (b *bits) hex() string {
	return hex.EncodeToString(b.bytes)
}
