// SPDX-License-Identifier: Apache-2.0
// Questions to the kernel's routing on a socket that holds answers which nobody waited for, and on
// one that broke. Usage: netlink_late INTERFACE GATEWAY, with a route by it to 203.0.113.0/24.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "neighbour.h"

static struct tl_neighbours neighbours;
static uint8_t gateway[16] = {[10] = 0xff, [11] = 0xff};

static void leave_an_answer(void)
{
    char buffer[256] = {0};
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    message->nlmsg_type = RTM_GETROUTE;
    message->nlmsg_flags = NLM_F_REQUEST;
    message->nlmsg_seq = neighbours.sequence;
    struct rtmsg *route = mnl_nlmsg_put_extra_header(message, sizeof(*route));
    route->rtm_family = AF_INET;
    route->rtm_dst_len = 32;
    mnl_attr_put_u32(message, RTA_DST, inet_addr("127.0.0.1"));
    if (mnl_socket_sendto(neighbours.request, message, message->nlmsg_len) < 0)
        perror("sendto");
}

static int asks_well(uint32_t interface)
{
    const uint8_t to[16] = {[10] = 0xff, [11] = 0xff, 203, 0, 113, 7};
    uint8_t via[16] = {0};
    return tl_netlink_route(&neighbours, interface, to, via) == 0 && memcmp(via, gateway, 16) == 0;
}

int main(int argc, char **argv)
{
    if (argc != 3 || inet_pton(AF_INET, argv[2], gateway + 12) != 1)
        return 2;
    uint32_t interface = if_nametoindex(argv[1]);
    neighbours.request = tl_netlink_open(0);
    if (interface == 0 || neighbours.request == NULL || !asks_well(interface))
        return 2;
    for (int late = 1; late < 8; late++) {
        for (int i = 0; i < late; i++)
            leave_an_answer();
        if (!asks_well(interface) || !asks_well(interface)) {
            printf("%d late answers: out of step\n", late);
            return 1;
        }
    }
    int broken = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(broken, mnl_socket_get_fd(neighbours.request));
    if (asks_well(interface) || !asks_well(interface)) {
        printf("a broken socket is not replaced\n");
        return 1;
    }
    return 0;
}
