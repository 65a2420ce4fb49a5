package main

import (
	"bytes"
	"strings"

	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/config/resource"
)

// What an analyzer said about one resource: what validation of a document by itself cannot see.
type finding struct {
	Code    string `json:"code"`
	Level   string `json:"level"`
	Origin  string `json:"origin"`
	Message string `json:"message"`
}

// Runs all of Istio's offline analyzers over the documents together, as `istioctl analyze --use-kube=false` does.
func analyze(input []byte) ([]finding, error) {
	analyzer := local.NewSourceAnalyzer(
		analyzers.AllCombined(), resource.Namespace("default"), resource.Namespace("istio-system"), nil)
	source := local.ReaderSource{Name: "documents.yaml", Reader: bytes.NewReader(input)}
	if err := analyzer.AddReaderKubeSource([]local.ReaderSource{source}); err != nil {
		return nil, err
	}
	if err := analyzer.AddDefaultResources(); err != nil {
		return nil, err
	}
	result, err := analyzer.Analyze(make(chan struct{}))
	if err != nil {
		return nil, err
	}
	found := []finding{}
	for i := range result.Messages {
		message := result.Messages[i]
		fields := message.Unstructured(true)
		text, _ := fields["message"].(string)
		origin, _ := fields["origin"].(string)
		found = append(found, finding{
			Code:    message.Type.Code(),
			Level:   message.Type.Level().String(),
			Origin:  strings.TrimSpace(origin),
			Message: text,
		})
	}
	return found, nil
}
