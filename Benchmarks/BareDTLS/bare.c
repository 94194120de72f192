// SPDX-License-Identifier: Apache-2.0
#include "CBareDTLS.h"

#include <openssl/evp.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bare_setup {
    SSL_CTX *context;
    X509 *x509;
    EVP_PKEY *key;
};

struct bare_side {
    SSL *ssl;
    const uint8_t *in;
    uint32_t in_bytes;
    uint32_t count;
    struct bare_datagram out[BARE_DATAGRAMS_MAX];
};

static int side_read(BIO *bio, char *buffer, int room)
{
    struct bare_side *side = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (side->in == NULL) {
        BIO_set_retry_read(bio);
        return -1;
    }
    int bytes = (int)side->in_bytes < room ? (int)side->in_bytes : room;
    memcpy(buffer, side->in, (size_t)bytes);
    side->in = NULL;
    return bytes;
}

static int side_write(BIO *bio, const char *bytes, int count)
{
    struct bare_side *side = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (side->count == BARE_DATAGRAMS_MAX || count > BARE_DATAGRAM_MAX)
        return -1;
    struct bare_datagram *datagram = &side->out[side->count++];
    datagram->bytes = (uint32_t)count;
    memcpy(datagram->data, bytes, (size_t)count);
    return count;
}

static long side_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;

static void method_make(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bare");
    BIO_meth_set_read(method, side_read);
    BIO_meth_set_write(method, side_write);
    BIO_meth_set_ctrl(method, side_control);
}

static int any_accepted(X509_STORE_CTX *store, void *unused)
{
    (void)store, (void)unused;
    return 1;
}

static int certificate_make(struct bare_setup *setup)
{
    setup->key = EVP_EC_gen("P-256");
    setup->x509 = X509_new();
    X509_NAME *name = X509_get_subject_name(setup->x509);
    return setup->key != NULL && setup->x509 != NULL && X509_set_version(setup->x509, 2) &&
           ASN1_INTEGER_set(X509_get_serialNumber(setup->x509), 1) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"bare", -1, -1,
                                      0) &&
           X509_set_issuer_name(setup->x509, name) &&
           X509_gmtime_adj(X509_getm_notBefore(setup->x509), 0) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(setup->x509), 86400) != NULL &&
           X509_set_pubkey(setup->x509, setup->key) &&
           X509_sign(setup->x509, setup->key, EVP_sha256()) > 0;
}

struct bare_setup *bare_setup_new(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, method_make);
    struct bare_setup *setup = calloc(1, sizeof(*setup));
    if (setup == NULL)
        return NULL;
    setup->context = SSL_CTX_new(DTLS_method());
    SSL_CTX *context = setup->context;
    if (context == NULL || !certificate_make(setup) ||
        SSL_CTX_use_certificate(context, setup->x509) != 1 ||
        SSL_CTX_use_PrivateKey(context, setup->key) != 1 ||
        SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AEAD_AES_128_GCM") != 0 ||
        !SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-GCM-SHA256") ||
        !SSL_CTX_set1_groups_list(context, "X25519:P-256")) {
        bare_setup_free(setup);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context, any_accepted, NULL);
    return setup;
}

void bare_setup_free(struct bare_setup *setup)
{
    SSL_CTX_free(setup->context);
    X509_free(setup->x509);
    EVP_PKEY_free(setup->key);
    free(setup);
}

size_t bare_setup_digest(const struct bare_setup *setup, uint8_t digest[32])
{
    unsigned int bytes = 0;
    return X509_digest(setup->x509, EVP_sha256(), digest, &bytes) == 1 ? bytes : 0;
}

struct bare_side *bare_side_new(struct bare_setup *setup, int is_server)
{
    struct bare_side *side = malloc(sizeof(*side));
    SSL *ssl = SSL_new(setup->context);
    BIO *bio = BIO_new(method);
    if (side == NULL || ssl == NULL || bio == NULL) {
        free(side);
        SSL_free(ssl);
        BIO_free(bio);
        return NULL;
    }
    side->ssl = ssl;
    side->in = NULL;
    side->count = 0;
    BIO_set_data(bio, side);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    DTLS_set_link_mtu(ssl, 1200);
    if (is_server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return side;
}

void bare_side_free(struct bare_side *side)
{
    SSL_free(side->ssl);
    free(side);
}

int bare_side_take(struct bare_side *side, const uint8_t *data, uint32_t bytes)
{
    side->in = bytes > 0 ? data : NULL;
    side->in_bytes = bytes;
    int result = SSL_do_handshake(side->ssl);
    side->in = NULL;
    if (result == 1)
        return 1;
    return SSL_get_error(side->ssl, result) == SSL_ERROR_WANT_READ ? 0 : -1;
}

uint32_t bare_side_count(const struct bare_side *side)
{
    return side->count;
}

const struct bare_datagram *bare_side_datagram(const struct bare_side *side, uint32_t index)
{
    return &side->out[index];
}

void bare_side_sent(struct bare_side *side)
{
    side->count = 0;
}

uint64_t bare_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Everything that `from` wants to send goes to `to`; what `to` says last is returned.
static int side_carry(struct bare_side *from, struct bare_side *to)
{
    int result = 0;
    for (uint32_t i = 0; i < from->count; i++)
        result = bare_side_take(to, from->out[i].data, from->out[i].bytes);
    from->count = 0;
    return result;
}

int bare_handshake(struct bare_setup *client_setup, struct bare_setup *server_setup,
                   uint64_t *server_ns)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    struct bare_side *client = bare_side_new(client_setup, 0);
    if (client == NULL)
        return 0;
    bare_side_take(client, NULL, 0);
    uint64_t start = bare_cpu_ns();
    struct bare_side *server = bare_side_new(server_setup, 1);
    uint64_t spent = bare_cpu_ns() - start;
    int done = 0, client_done = 0;
    for (int turn = 0; server != NULL && turn < 4 && done == 0; turn++) {
        start = bare_cpu_ns();
        done = side_carry(client, server);
        uint8_t keys[56];
        if (done == 1 && SSL_export_keying_material(server->ssl, keys, sizeof(keys), label,
                                                    sizeof(label) - 1, NULL, 0, 0) != 1)
            done = -1;
        spent += bare_cpu_ns() - start;
        client_done = side_carry(server, client);
    }
    start = bare_cpu_ns();
    if (server != NULL)
        bare_side_free(server);
    spent += bare_cpu_ns() - start;
    bare_side_free(client);
    *server_ns += spent;
    return done == 1 && client_done == 1;
}
