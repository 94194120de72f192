// SPDX-License-Identifier: Apache-2.0
#include "link.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static BIO_METHOD *method;

static int link_read(BIO *bio, char *buffer, int room)
{
    struct tl_dtls_link *link = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (buffer == NULL || room <= 0)
        return 0;
    if (link->in == NULL) {
        BIO_set_retry_read(bio);
        return -1;
    }
    // What does not fit is cut off, as recv(2) does.
    size_t bytes = link->in_bytes < (size_t)room ? link->in_bytes : (size_t)room;
    memcpy(buffer, link->in, bytes);
    link->in = NULL;
    return (int)bytes;
}

static uint8_t link_has_room(struct tl_dtls_link *link, size_t bytes)
{
    if (link->count == TL_DTLS_DATAGRAMS_MAX)
        return 0;
    size_t needed = link->out_bytes + bytes;
    if (needed <= link->out_room)
        return 1;
    size_t room = needed < 2048 ? 2048 : needed + needed / 2;
    uint8_t *grown = realloc(link->out, room);
    if (grown == NULL)
        return 0;
    link->out = grown;
    link->out_room = room;
    return 1;
}

static int link_write(BIO *bio, const char *bytes, int count)
{
    struct tl_dtls_link *link = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (bytes == NULL || count <= 0)
        return 0;
    // A datagram that finds no room is lost, as on a wire; the timer sends it again.
    if (!link_has_room(link, (size_t)count)) {
        link->refused++;
        return count;
    }
    memcpy(link->out + link->out_bytes, bytes, (size_t)count);
    link->out_bytes += (size_t)count;
    link->ends[link->count++] = (uint32_t)link->out_bytes;
    return count;
}

static long link_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    // OpenSSL takes the overhead off the link's MTU; ours says what a datagram may hold.
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static int link_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static void method_make(void)
{
    BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
    if (made == NULL)
        return;
    if (BIO_meth_set_read(made, link_read) && BIO_meth_set_write(made, link_write) &&
        BIO_meth_set_ctrl(made, link_control) && BIO_meth_set_create(made, link_create))
        method = made;
    else
        BIO_meth_free(made);
}

BIO *tl_dtls_link_bio(struct tl_dtls_link *link)
{
    pthread_once(&once, method_make);
    BIO *bio = method == NULL ? NULL : BIO_new(method);
    if (bio != NULL)
        BIO_set_data(bio, link);
    return bio;
}

void tl_dtls_link_clear(struct tl_dtls_link *link)
{
    free(link->out);
    link->out = NULL;
    link->out_bytes = link->out_room = 0;
    link->count = 0;
}
