// What libcni has since 1.2 beside lists.go's verbs, for configuration lists of CNI 1.1:
//
//	lists STATUS FILE CONTAINER NETNS IFNAME
//	lists GC FILE CONTAINER NETNS IFNAME
//
// GC names the one attachment that is to stay. STATUS looks at FILE only.
package main

import (
	"context"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/types"
)

func init() {
	verbs["STATUS"] = func(ctx context.Context, cni *libcni.CNIConfig, list *libcni.NetworkConfigList, _ *libcni.RuntimeConf) error {
		return cni.GetStatusNetworkList(ctx, list)
	}
	verbs["GC"] = func(ctx context.Context, cni *libcni.CNIConfig, list *libcni.NetworkConfigList, attachment *libcni.RuntimeConf) error {
		stays := types.GCAttachment{ContainerID: attachment.ContainerID, IfName: attachment.IfName}
		return cni.GCNetworkList(ctx, list, &libcni.GCArgs{ValidAttachments: []types.GCAttachment{stays}})
	}
}
