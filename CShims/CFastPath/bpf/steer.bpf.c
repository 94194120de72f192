// SPDX-License-Identifier: Apache-2.0
//
// Steers UDP to the media addresses and ports of one interface into the AF_XDP sockets of the
// fast path, and passes everything else to the kernel.
//
// Where no socket stands behind a queue (the fast path is down) media is dropped here: the kernel
// would answer it with ICMP port-unreachable, and the far end would end the call.
//
// A first fragment that names a media port goes to the socket too, so that the worker counts it as
// `fragment`. Later fragments name no port. They pass, and the kernel, which never sees the first
// one, forgets them without an answer. Media to another VLAN than the realm's goes to the socket as
// well, and is counted there as `wrong_realm`.
//
// Changed here: run `bpf/generate` and commit the array with the source.

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "steer_config.h"

#define IPV4_OFFSET_MASK 0x1fff
#define IPV6_OFFSET_MASK 0xfff8
#define VLAN_TAGS_MAX 2

// The name is net_af_xdp's: it looks for this map to put its sockets in.
struct {
    __uint(type, BPF_MAP_TYPE_XSKMAP);
    __uint(max_entries, TL_STEER_QUEUES_MAX);
    __type(key, __u32);
    __type(value, __u32);
} xsks_map SEC(".maps");

const volatile struct tl_steer_config steer_config = {.magic = TL_STEER_MAGIC};

struct vlan_tag {
    __be16 tci;
    __be16 inner_type;
};

struct fragment_header {
    __u8 next_header;
    __u8 reserved;
    __be16 offset;
    __be32 identification;
};

// 1 when the address and port are those of media on this interface.
static __always_inline int is_media(const __u32 *address_be, __u16 port)
{
    for (int i = 0; i < TL_STEER_ENTRIES_MAX; i++) {
        if (i >= steer_config.entry_count)
            return 0;
        const volatile struct tl_steer_entry *entry = &steer_config.entries[i];
        if (port >= entry->port_first && port <= entry->port_last &&
            address_be[0] == entry->address_be[0] && address_be[1] == entry->address_be[1] &&
            address_be[2] == entry->address_be[2] && address_be[3] == entry->address_be[3])
            return 1;
    }
    return 0;
}

static __always_inline int steer_udp(struct xdp_md *context, const __u32 *address_be,
                                     const struct udphdr *udp, const void *end)
{
    if ((const void *)(udp + 1) > end)
        return XDP_PASS;
    if (!is_media(address_be, bpf_ntohs(udp->dest)))
        return XDP_PASS;
    return (int)bpf_redirect_map(&xsks_map, context->rx_queue_index, XDP_DROP);
}

static __always_inline int steer_ipv4(struct xdp_md *context, const void *at, const void *end)
{
    const struct iphdr *ip = at;
    if ((const void *)(ip + 1) > end || ip->version != 4 || ip->protocol != IPPROTO_UDP)
        return XDP_PASS;
    if (bpf_ntohs(ip->frag_off) & IPV4_OFFSET_MASK)
        return XDP_PASS;
    __u32 header_bytes = ip->ihl * 4u;
    if (header_bytes < sizeof(*ip))
        return XDP_PASS;
    __u32 address_be[4] = {0, 0, bpf_htonl(0xffff), ip->daddr};
    return steer_udp(context, address_be, at + header_bytes, end);
}

static __always_inline int steer_ipv6(struct xdp_md *context, const void *at, const void *end)
{
    const struct ipv6hdr *ip = at;
    if ((const void *)(ip + 1) > end || ip->version != 6)
        return XDP_PASS;
    const void *next = ip + 1;
    __u8 protocol = ip->nexthdr;
    if (protocol == IPPROTO_FRAGMENT) {
        const struct fragment_header *fragment = next;
        if ((const void *)(fragment + 1) > end ||
            (bpf_ntohs(fragment->offset) & IPV6_OFFSET_MASK))
            return XDP_PASS;
        protocol = fragment->next_header;
        next = fragment + 1;
    }
    if (protocol != IPPROTO_UDP)
        return XDP_PASS;
    __u32 address_be[4];
    __builtin_memcpy(address_be, &ip->daddr, sizeof(address_be));
    // Our table writes IPv4 addresses so; on a wire they mean nothing.
    if (address_be[0] == 0 && address_be[1] == 0 && address_be[2] == bpf_htonl(0xffff))
        return XDP_PASS;
    return steer_udp(context, address_be, next, end);
}

SEC("xdp")
int tl_steer(struct xdp_md *context)
{
    const void *at = (const void *)(long)context->data;
    const void *end = (const void *)(long)context->data_end;
    const struct ethhdr *ethernet = at;
    if ((const void *)(ethernet + 1) > end)
        return XDP_PASS;
    __be16 type = ethernet->h_proto;
    at = ethernet + 1;
    for (int i = 0; i < VLAN_TAGS_MAX; i++) {
        if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
            break;
        const struct vlan_tag *tag = at;
        if ((const void *)(tag + 1) > end)
            return XDP_PASS;
        type = tag->inner_type;
        at = tag + 1;
    }
    if (type == bpf_htons(ETH_P_IP))
        return steer_ipv4(context, at, end);
    if (type == bpf_htons(ETH_P_IPV6))
        return steer_ipv6(context, at, end);
    return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
