// SPDX-License-Identifier: Apache-2.0
// The three questions to the kernel's routing. Each is one message and its answer; the kernel
// answers at once, so waiting for it is no blocking that anyone notices.

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "neighbour.h"

enum { BUFFER_BYTES = 8192, LATE_ANSWERS_MAX = 64 };

struct answer {
    uint8_t family;
    const struct nlattr *attributes[RTA_MAX + 1]; // route or neighbour attributes, by type
    uint16_t state;                               // neighbour
};

static size_t address_bytes(uint8_t family)
{
    return family == AF_INET ? 4 : 16;
}

static uint8_t family_of(const uint8_t address[16])
{
    return tl_address_is_ipv4(address) ? AF_INET : AF_INET6;
}

// An address as netlink wants it: 4 bytes for IPv4.
static void put_address(struct nlmsghdr *message, uint16_t type, const uint8_t address[16])
{
    uint8_t family = family_of(address);
    mnl_attr_put(message, type, address_bytes(family), address + 16 - address_bytes(family));
}

static int get_address(const struct nlattr *attribute, uint8_t family, uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (attribute == NULL || mnl_attr_get_payload_len(attribute) != address_bytes(family))
        return -1;
    if (family == AF_INET)
        memcpy(address, mapped, sizeof(mapped));
    memcpy(address + 16 - address_bytes(family), mnl_attr_get_payload(attribute),
           address_bytes(family));
    return 0;
}

static int take_attribute(const struct nlattr *attribute, void *data)
{
    struct answer *answer = data;
    uint16_t type = mnl_attr_get_type(attribute);
    if (type <= RTA_MAX)
        answer->attributes[type] = attribute;
    return MNL_CB_OK;
}

static int take_answer(const struct nlmsghdr *message, void *data)
{
    struct answer *answer = data;
    if (message->nlmsg_type == RTM_NEWROUTE) {
        const struct rtmsg *route = mnl_nlmsg_get_payload(message);
        answer->family = route->rtm_type == RTN_UNICAST ? route->rtm_family : 0;
        mnl_attr_parse(message, sizeof(*route), take_attribute, answer);
    } else if (message->nlmsg_type == RTM_NEWNEIGH) {
        const struct ndmsg *neighbour = mnl_nlmsg_get_payload(message);
        answer->family = neighbour->ndm_family;
        answer->state = neighbour->ndm_state;
        mnl_attr_parse(message, sizeof(*neighbour), take_attribute, answer);
    }
    return MNL_CB_STOP;
}

static struct nlmsghdr *begin(struct tl_neighbours *neighbours, void *buffer, uint16_t type,
                              uint16_t flags)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    message->nlmsg_type = type;
    message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    message->nlmsg_seq = ++neighbours->sequence;
    return message;
}

struct mnl_socket *tl_netlink_open(unsigned int groups)
{
    struct mnl_socket *one = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (one != NULL && mnl_socket_bind(one, groups, MNL_SOCKET_AUTOPID) == 0)
        return one;
    if (one != NULL)
        mnl_socket_close(one);
    return NULL;
}

// Reads up to the answer with our sequence. One that came late belongs to a question which was
// given up before: it must not be taken for this one's, nor push the answers out of step for good.
// The bytes of the answer, or a negative errno.
static ssize_t receive(const struct tl_neighbours *neighbours, void *buffer)
{
    for (int late = 0; late < LATE_ANSWERS_MAX;) {
        ssize_t length = mnl_socket_recvfrom(neighbours->request, buffer, BUFFER_BYTES);
        const struct nlmsghdr *head = buffer;
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return -errno;
        if (!mnl_nlmsg_ok(head, (int)length))
            return -EBADMSG;
        if (head->nlmsg_seq == neighbours->sequence)
            return length;
        late++;
    }
    return -EPROTO;
}

static ssize_t exchange(const struct tl_neighbours *neighbours, const struct nlmsghdr *message,
                        void *buffer)
{
    if (neighbours->request == NULL)
        return -ENOTCONN;
    if (mnl_socket_sendto(neighbours->request, message, message->nlmsg_len) < 0)
        return -errno;
    return receive(neighbours, buffer);
}

// Sends the message and reads its answer into `buffer`. 0 or a negative errno. A socket that fails
// is replaced: what it still holds nobody waits for.
static int ask(struct tl_neighbours *neighbours, const struct nlmsghdr *message, void *buffer,
               struct answer *answer)
{
    ssize_t length = exchange(neighbours, message, buffer);
    if (length < 0) {
        if (neighbours->request != NULL)
            mnl_socket_close(neighbours->request);
        neighbours->request = tl_netlink_open(0);
        return (int)length;
    }
    uint32_t port = mnl_socket_get_portid(neighbours->request);
    if (mnl_cb_run(buffer, (size_t)length, neighbours->sequence, port, take_answer, answer) < 0)
        return -errno;
    return 0;
}

int tl_netlink_route(struct tl_neighbours *neighbours, uint32_t kernel_index,
                     const uint8_t to[16], uint8_t via[16])
{
    char buffer[BUFFER_BYTES];
    struct answer answer = {0};
    struct nlmsghdr *message = begin(neighbours, buffer, RTM_GETROUTE, 0);
    struct rtmsg *route = mnl_nlmsg_put_extra_header(message, sizeof(*route));
    route->rtm_family = family_of(to);
    route->rtm_dst_len = (uint8_t)(8 * address_bytes(route->rtm_family));
    put_address(message, RTA_DST, to);
    // The realm's packets leave by the realm's interface, whatever else could reach the party.
    mnl_attr_put_u32(message, RTA_OIF, kernel_index);
    if (ask(neighbours, message, buffer, &answer) < 0 || answer.family == 0)
        return -1;
    const struct nlattr *leaves = answer.attributes[RTA_OIF];
    if (leaves == NULL || mnl_attr_get_u32(leaves) != kernel_index)
        return -1;
    const struct nlattr *other = answer.attributes[RTA_VIA]; // a gateway of the other family
    if (other != NULL && mnl_attr_get_payload_len(other) >= sizeof(struct rtvia) + 16) {
        const struct rtvia *gateway = mnl_attr_get_payload(other);
        if (gateway->rtvia_family == AF_INET6) {
            memcpy(via, gateway->rtvia_addr, 16);
            return 0;
        }
    }
    if (get_address(answer.attributes[RTA_GATEWAY], answer.family, via) < 0)
        memcpy(via, to, 16);
    return 0;
}

uint32_t tl_netlink_neighbour(struct tl_neighbours *neighbours, uint32_t kernel_index,
                              const uint8_t address[16], uint8_t mac[6])
{
    char buffer[BUFFER_BYTES];
    struct answer answer = {0};
    struct nlmsghdr *message = begin(neighbours, buffer, RTM_GETNEIGH, 0);
    struct ndmsg *neighbour = mnl_nlmsg_put_extra_header(message, sizeof(*neighbour));
    neighbour->ndm_family = family_of(address);
    neighbour->ndm_ifindex = (int)kernel_index;
    put_address(message, NDA_DST, address);
    if (ask(neighbours, message, buffer, &answer) < 0)
        return 0;
    const struct nlattr *link = answer.attributes[NDA_LLADDR];
    if (link == NULL || mnl_attr_get_payload_len(link) != 6)
        return 0;
    memcpy(mac, mnl_attr_get_payload(link), 6);
    return answer.state;
}

int tl_netlink_use(struct tl_neighbours *neighbours, uint32_t kernel_index,
                   const uint8_t address[16])
{
    char buffer[BUFFER_BYTES];
    struct answer answer = {0};
    struct nlmsghdr *message =
        begin(neighbours, buffer, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_ACK);
    struct ndmsg *neighbour = mnl_nlmsg_put_extra_header(message, sizeof(*neighbour));
    neighbour->ndm_family = family_of(address);
    neighbour->ndm_ifindex = (int)kernel_index;
    neighbour->ndm_flags = NTF_USE;
    put_address(message, NDA_DST, address);
    return ask(neighbours, message, buffer, &answer);
}
