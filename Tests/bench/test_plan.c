// SPDX-License-Identifier: Apache-2.0
// The plan's parser: what is right, and every way to be wrong.

#include <arpa/inet.h>
#include <string.h>

#include "expect.h"
#include "plan.h"
#include "random.h"

#define HEAD "trunkline-plan 1\n"
#define CALL "192.0.2.1:5000 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n"

static int read_bytes(struct tl_plan *plan, const char *text, size_t length, uint32_t least,
                      uint32_t most)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, length, "r");
    CHECK(file != NULL);
    int result = tl_plan_read(plan, file, "plan", least, most);
    fclose(file);
    return result;
}

static int read_text(struct tl_plan *plan, const char *text)
{
    return read_bytes(plan, text, strlen(text), 1, TL_CALLS_MAX);
}

static void test_right(void)
{
    struct tl_plan plan;
    CHECK_EQUAL(read_text(&plan, HEAD CALL CALL), 0);
    CHECK_EQUAL(plan.count, 2);
    const struct tl_call *call = &plan.calls[1];
    CHECK_EQUAL(ntohl(call->party[0].address_be), 0xc0000201);
    CHECK_EQUAL(ntohs(call->party[0].port_be), 5000);
    CHECK_EQUAL(ntohl(call->relay[0].address_be), 0xc6336401);
    CHECK_EQUAL(ntohs(call->relay[0].port_be), 20000);
    CHECK_EQUAL(ntohl(call->party[1].address_be), 0xc0000202);
    CHECK_EQUAL(ntohs(call->relay[1].port_be), 20002);
    tl_plan_free(&plan);
    CHECK_EQUAL(read_bytes(&plan, HEAD CALL CALL, strlen(HEAD CALL CALL), 1, 1), 0);
    CHECK_EQUAL(plan.count, 1);
    tl_plan_free(&plan);
}

#define PLAIN "192.0.2.1:5000 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002"
#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d"

static void test_secure(void)
{
    struct tl_plan plan;
    CHECK_EQUAL(read_text(&plan, HEAD PLAIN " 1 " KEY " ff" KEY "\n"), -1);
    CHECK_EQUAL(read_text(&plan, HEAD PLAIN " 1 " KEY " " KEY "\n"), 0);
    const struct tl_call *call = &plan.calls[0];
    CHECK_EQUAL(call->suite, 1);
    CHECK_EQUAL(call->key_bytes, 30);
    for (uint32_t i = 0; i < 30; i++) {
        CHECK_EQUAL(call->key_of_b[i], i);
        CHECK_EQUAL(call->key_of_relay[i], i);
    }
    tl_plan_free(&plan);
    CHECK_EQUAL(read_text(&plan, HEAD CALL), 0);
    CHECK_EQUAL(plan.calls[0].suite, 0);
    tl_plan_free(&plan);
}

static void test_wrong(void)
{
    static const char *const plans[] = {
        HEAD PLAIN " 1\n",
        HEAD PLAIN " 1 " KEY "\n",
        HEAD PLAIN " 0 " KEY " " KEY "\n",
        HEAD PLAIN " 12 " KEY " " KEY "\n",
        HEAD PLAIN " 1 " KEY " " KEY " \n",
        HEAD PLAIN " 1 " KEY "0 " KEY "0\n",
        HEAD PLAIN " 1 " KEY " 0g" KEY "\n",
        HEAD PLAIN " 1  \n",
        HEAD PLAIN " 1 " KEY KEY " " KEY KEY "\n",
        "",
        "\n",
        "trunkline-plan 2\n" CALL,
        "trunkline-plan 1",
        "trunkline-plan 1 \n" CALL,
        HEAD,
        HEAD "\n" CALL,
        HEAD CALL "\n",
        HEAD CALL "x",
        HEAD "192.0.2.1:5000 198.51.100.1:20000 192.0.2.2:6000\n",
        HEAD "192.0.2.1:5000 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002 \n",
        HEAD "192.0.2.1:5000  198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n",
        HEAD " 192.0.2.1:5000 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n",
        HEAD "192.0.2.1:0 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n",
        HEAD "192.0.2.1:65536 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n",
        HEAD "192.0.2.1:99999999999 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n",
        HEAD "192.0.2.1:+5 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n",
        HEAD "192.0.2.1:-5 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n",
        HEAD "192.0.2.1: 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n",
        HEAD "192.0.2.1 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n",
        HEAD "192.0.2:5000 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n",
        HEAD "192.0.2.256:5000 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n",
        HEAD "0.0.0.0:5000 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n",
        HEAD "[2001:db8::1]:5000 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\n",
        HEAD "192.0.2.1:5000 198.51.100.1:20000 192.0.2.2:6000 198.51.100.2:20002\r\n",
    };
    struct tl_plan plan;
    for (size_t i = 0; i < sizeof(plans) / sizeof(*plans); i++) {
        CHECK_EQUAL(read_text(&plan, plans[i]), -1);
        CHECK(plan.calls == NULL);
    }
    const char zero[] = HEAD "192.0.2.1\0:5000";
    CHECK_EQUAL(read_bytes(&plan, zero, sizeof(zero) - 1, 1, 10), -1);
    CHECK_EQUAL(read_bytes(&plan, HEAD CALL, strlen(HEAD CALL), 2, 2), -1);
}

// A line that never ends, and one call more than there may be.
static void test_limits(void)
{
    struct tl_plan plan;
    static char text[sizeof(HEAD) + 2 * TL_PLAN_LINE_BYTES];
    memset(text, '1', sizeof(text) - 1);
    memcpy(text, HEAD, strlen(HEAD));
    CHECK_EQUAL(read_text(&plan, text), -1);

    size_t length = strlen(HEAD) + (TL_CALLS_MAX + 1) * strlen(CALL);
    char *many = malloc(length + 1);
    CHECK(many != NULL);
    char *end = stpcpy(many, HEAD);
    for (uint32_t i = 0; i < TL_CALLS_MAX + 1; i++)
        end = stpcpy(end, CALL);
    CHECK_EQUAL(read_text(&plan, many), 0);
    CHECK_EQUAL(plan.count, TL_CALLS_MAX);
    tl_plan_free(&plan);
    free(many);
}

// Hostile bytes: a right plan with one to four bytes changed must not do harm.
static void test_garbled(void)
{
    uint64_t random = 7;
    uint32_t refused = 0;
    for (int i = 0; i < 3000; i++) {
        char text[] = HEAD CALL CALL;
        struct tl_plan plan;
        for (uint64_t n = 1 + tl_random_below(&random, 4); n > 0; n--)
            text[tl_random_below(&random, sizeof(text) - 1)] = (char)tl_random_next(&random);
        if (read_bytes(&plan, text, sizeof(text) - 1, 1, 10) < 0)
            refused++;
        else
            tl_plan_free(&plan);
    }
    CHECK(refused > 2500);
}

static void test_made(void)
{
    struct tl_plan plan;
    CHECK_EQUAL(tl_plan_make(&plan, TL_CALLS_MAX), 0);
    CHECK_EQUAL(plan.count, TL_CALLS_MAX);
    // The two parties of a call send to different ports, and a block's end is the next's begin.
    CHECK(plan.calls[0].relay[0].port_be != plan.calls[0].relay[1].port_be);
    CHECK(plan.calls[12287].relay[1].address_be != plan.calls[12288].relay[0].address_be);
    tl_plan_free(&plan);
}

int main(void)
{
    test_right();
    test_secure();
    test_wrong();
    test_limits();
    test_garbled();
    test_made();
    return tests_passed("plan");
}
