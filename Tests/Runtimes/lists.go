// Drives a configuration list with libcni, the library of every container runtime. Debian has libcni, but not the
// cnitool that comes with it; the runtimes of Debian never call CHECK.
//
//	lists ADD|CHECK|DEL FILE CONTAINER NETNS IFNAME
//
// Where libcni is new enough, GC and STATUS too (collect.go). CNI_PATH says where the plugins are, CAP_ARGS holds the
// runtime's capability arguments as a JSON object. Prints the result of ADD. Exit status 1, with the plugin's error on
// standard error, when a plugin of the list fails.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containernetworking/cni/libcni"
)

type verb func(context.Context, *libcni.CNIConfig, *libcni.NetworkConfigList, *libcni.RuntimeConf) error

var verbs = map[string]verb{
	"ADD": func(ctx context.Context, cni *libcni.CNIConfig, list *libcni.NetworkConfigList, attachment *libcni.RuntimeConf) error {
		result, err := cni.AddNetworkList(ctx, list, attachment)
		if err != nil {
			return err
		}
		return result.Print()
	},
	"CHECK": func(ctx context.Context, cni *libcni.CNIConfig, list *libcni.NetworkConfigList, attachment *libcni.RuntimeConf) error {
		return cni.CheckNetworkList(ctx, list, attachment)
	},
	"DEL": func(ctx context.Context, cni *libcni.CNIConfig, list *libcni.NetworkConfigList, attachment *libcni.RuntimeConf) error {
		return cni.DelNetworkList(ctx, list, attachment)
	},
}

func run(command, file string, attachment *libcni.RuntimeConf) error {
	list, err := libcni.ConfListFromFile(file)
	if err != nil {
		return err
	}
	if capabilities := os.Getenv("CAP_ARGS"); capabilities != "" {
		if err := json.Unmarshal([]byte(capabilities), &attachment.CapabilityArgs); err != nil {
			return err
		}
	}
	cni := libcni.NewCNIConfig(filepath.SplitList(os.Getenv("CNI_PATH")), nil)
	verb, found := verbs[command]
	if !found {
		return fmt.Errorf("unknown command %s", command)
	}
	return verb(context.Background(), cni, list, attachment)
}

func main() {
	if len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: lists ADD|CHECK|DEL FILE CONTAINER NETNS IFNAME")
		os.Exit(2)
	}
	attachment := &libcni.RuntimeConf{ContainerID: os.Args[3], NetNS: os.Args[4], IfName: os.Args[5]}
	if err := run(os.Args[1], os.Args[2], attachment); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
