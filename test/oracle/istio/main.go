// Judges Istio documents by Istio's own strict parser and validation. Reads YAML documents from stdin, separated by ---,
// and prints one JSON line for each: {"kind": ..., "name": ..., "error": ..., "warning": ...}; error is "" for a good one.
// With -analyze it prints one JSON line with the findings of Istio's analyzers on all documents instead.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"gopkg.in/yaml.v3"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
)

type document struct {
	Kind     string         `yaml:"kind"`
	Metadata map[string]any `yaml:"metadata"`
	Spec     map[string]any `yaml:"spec"`
}

type verdict struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Error   string `json:"error"`
	Warning string `json:"warning"`
}

func schemaOf(kind string) (resource.Schema, bool) {
	for _, schema := range collections.Pilot.All() {
		if schema.Kind() == kind {
			return schema, true
		}
	}
	return nil, false
}

func judge(doc document) (verdict, error) {
	name, _ := doc.Metadata["name"].(string)
	result := verdict{Kind: doc.Kind, Name: name}
	schema, known := schemaOf(doc.Kind)
	if !known {
		result.Error = fmt.Sprintf("unknown kind %q", doc.Kind)
		return result, nil
	}
	raw, err := json.Marshal(doc.Spec)
	if err != nil {
		return result, err
	}
	spec, err := schema.NewInstance()
	if err != nil {
		return result, err
	}
	if err := config.ApplyJSONStrict(spec, string(raw)); err != nil {
		result.Error = err.Error()
		return result, nil
	}
	meta := config.Meta{GroupVersionKind: schema.GroupVersionKind(), Name: name, Namespace: "default"}
	warning, err := schema.ValidateConfig(config.Config{Meta: meta, Spec: spec})
	if err != nil {
		result.Error = err.Error()
	}
	if warning != nil {
		result.Warning = warning.Error()
	}
	return result, nil
}

func main() {
	input, err := io.ReadAll(bufio.NewReader(os.Stdin))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if len(os.Args) > 1 && os.Args[1] == "-analyze" {
		found, err := analyze(input)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		line, _ := json.Marshal(found)
		fmt.Println(string(line))
		return
	}
	decoder := yaml.NewDecoder(bytes.NewReader(input))
	for {
		var doc document
		if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		result, err := judge(doc)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		line, _ := json.Marshal(result)
		fmt.Println(string(line))
	}
}
