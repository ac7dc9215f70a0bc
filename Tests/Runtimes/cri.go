// Speaks to containerd as a kubelet does: one call of its CRI. Debian has no crictl.
//
//	cri METHOD [REQUEST]
//
// METHOD is one of runtime.v1.RuntimeService, REQUEST its message as JSON. Prints the answer as JSON. Exit status 1, with
// the error on standard error, when the runtime refuses.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const (
	socket = "unix:///run/containerd/containerd.sock"
	// A pod starts within seconds; under emulation, on a busy machine, it may take a minute.
	limit = 10 * time.Minute
)

func message(descriptor protoreflect.MessageDescriptor) (proto.Message, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(descriptor.FullName())
	if err != nil {
		return nil, err
	}
	return kind.New().Interface(), nil
}

func run(name, text string) error {
	service := runtime.File_staging_src_k8s_io_cri_api_pkg_apis_runtime_v1_api_proto.Services().ByName("RuntimeService")
	method := service.Methods().ByName(protoreflect.Name(name))
	if method == nil {
		return fmt.Errorf("%s has no method %s", service.FullName(), name)
	}
	request, err := message(method.Input())
	if err != nil {
		return err
	}
	answer, err := message(method.Output())
	if err != nil {
		return err
	}
	if err := protojson.Unmarshal([]byte(text), request); err != nil {
		return err
	}
	connection, err := grpc.NewClient(socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := connection.Invoke(ctx, fmt.Sprintf("/%s/%s", service.FullName(), name), request, answer); err != nil {
		return err
	}
	fmt.Println(protojson.Format(answer))
	return nil
}

func main() {
	if len(os.Args) != 2 && len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: cri METHOD [REQUEST]")
		os.Exit(2)
	}
	request := "{}"
	if len(os.Args) == 3 {
		request = os.Args[2]
	}
	if err := run(os.Args[1], request); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
