// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "port.h"
#include "say.h"

static uint32_t receive_queues(const char *interface)
{
    struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
    struct ifreq request = {0};
    int local = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (local < 0)
        return 1;
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    request.ifr_data = (char *)&channels;
    int result = ioctl(local, SIOCETHTOOL, &request);
    close(local);
    return result < 0 ? 1 : channels.rx_count + channels.combined_count;
}

int tl_xdp_check(const char *interface)
{
    unsigned int index = if_nametoindex(interface);
    uint32_t program = 0;
    libbpf_set_print(NULL); // of what the driver's library is missing, nothing matters here
    if (index == 0) {
        tl_say("there is no interface %s here (ip link shows them)", interface);
        return TL_EXIT_UNAVAILABLE;
    }
    if (receive_queues(interface) > 1) {
        tl_say("%s has several receive queues, and only the first would be served: "
               "\"ethtool -L %s rx 1 tx 1\" or \"combined 1\"",
               interface, interface);
        return TL_EXIT_UNAVAILABLE;
    }
    // A killed process leaves its program attached; frames would go to a socket that is gone.
    if (bpf_xdp_query_id((int)index, 0, &program) == 0 && program != 0) {
        tl_say("%s has an XDP program already (number %u); \"ip link set %s xdp off\" takes it off",
               interface, program, interface);
        return TL_EXIT_UNAVAILABLE;
    }
    return 0;
}
