// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "tls.h"

#define CHAIN_MAX 16 // certificates of one file that are looked at; authorities have more

// Nobody is there to be asked for a passphrase.
static int no_passphrase(char *out, int room, int is_writing, void *unused)
{
    (void)out, (void)room, (void)is_writing, (void)unused;
    return -1;
}

static enum tl_tls_fault certificates_read(struct tl_tls_identity *identity, const char *path)
{
    FILE *file = tl_tls_file_open(path);
    if (file == NULL)
        return TL_TLS_CERTIFICATE_UNREADABLE;
    identity->x509 = PEM_read_X509(file, NULL, no_passphrase, NULL);
    identity->chain = sk_X509_new_null();
    for (int i = 0; identity->x509 != NULL && identity->chain != NULL && i < CHAIN_MAX; i++) {
        X509 *next = PEM_read_X509(file, NULL, no_passphrase, NULL);
        if (next == NULL)
            break;
        if (sk_X509_push(identity->chain, next) == 0)
            X509_free(next);
    }
    fclose(file);
    return identity->x509 != NULL && identity->chain != NULL ? TL_TLS_GOOD
                                                             : TL_TLS_CERTIFICATE_NONE;
}

static enum tl_tls_fault key_read(struct tl_tls_identity *identity, const char *path)
{
    FILE *file = tl_tls_file_open(path);
    if (file == NULL)
        return TL_TLS_KEY_UNREADABLE;
    identity->key = PEM_read_PrivateKey(file, NULL, no_passphrase, NULL);
    fclose(file);
    if (identity->key == NULL)
        return TL_TLS_KEY_NONE;
    return X509_check_private_key(identity->x509, identity->key) == 1 ? TL_TLS_GOOD
                                                                      : TL_TLS_MISMATCH;
}

// Whether OpenSSL would show it: a weak one is found now and not at the first handshake.
static enum tl_tls_fault try_out(const struct tl_tls_identity *identity)
{
    SSL_CTX *ssl = SSL_CTX_new(TLS_method());
    if (ssl == NULL)
        return TL_TLS_MEMORY;
    SSL_CTX_set_security_level(ssl, TL_TLS_SECURITY_LEVEL);
    int good = SSL_CTX_use_cert_and_key(ssl, identity->x509, identity->key, identity->chain, 1);
    SSL_CTX_free(ssl);
    return good == 1 ? TL_TLS_GOOD : TL_TLS_WEAK;
}

struct tl_tls_identity *tl_tls_identity_read(const char *certificate, const char *key,
                                             enum tl_tls_fault *fault)
{
    struct tl_tls_identity *identity = calloc(1, sizeof(*identity));
    *fault = identity == NULL ? TL_TLS_MEMORY : certificates_read(identity, certificate);
    if (*fault == TL_TLS_GOOD && key != NULL)
        *fault = key_read(identity, key);
    if (*fault == TL_TLS_GOOD && key != NULL)
        *fault = try_out(identity);
    int number = errno; // freeing may change it
    ERR_clear_error();
    if (*fault == TL_TLS_GOOD)
        return identity;
    tl_tls_identity_free(identity);
    errno = number;
    return NULL;
}

void tl_tls_identity_free(struct tl_tls_identity *identity)
{
    if (identity == NULL)
        return;
    X509_free(identity->x509);
    sk_X509_pop_free(identity->chain, X509_free);
    EVP_PKEY_free(identity->key);
    free(identity);
}

void tl_tls_identity_facts(const struct tl_tls_identity *identity, struct tl_tls_facts *facts)
{
    tl_tls_x509_facts(identity->x509, facts);
}

size_t tl_tls_identity_names(const struct tl_tls_identity *identity, uint8_t *out, size_t room)
{
    return tl_tls_x509_names(identity->x509, out, room);
}

uint32_t tl_tls_identity_chain(const struct tl_tls_identity *identity)
{
    return (uint32_t)sk_X509_num(identity->chain);
}

static X509 *certificate_at(const struct tl_tls_identity *identity, uint32_t at)
{
    if (at == 0 || at > tl_tls_identity_chain(identity))
        return identity->x509;
    return sk_X509_value(identity->chain, (int)at - 1);
}

void tl_tls_identity_facts_at(const struct tl_tls_identity *identity, uint32_t at,
                              struct tl_tls_facts *facts)
{
    tl_tls_x509_facts(certificate_at(identity, at), facts);
}

static void name_write(const X509_NAME *name, char *out, size_t room)
{
    BIO *memory = BIO_new(BIO_s_mem());
    int length = 0;
    if (memory != NULL && X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253) >= 0)
        length = BIO_read(memory, out, (int)room - 1);
    out[length > 0 ? length : 0] = 0;
    BIO_free(memory);
    ERR_clear_error();
}

void tl_tls_identity_subject_at(const struct tl_tls_identity *identity, uint32_t at, char *out,
                                size_t room)
{
    name_write(X509_get_subject_name(certificate_at(identity, at)), out, room);
}

void tl_tls_identity_issuer_at(const struct tl_tls_identity *identity, uint32_t at, char *out,
                               size_t room)
{
    name_write(X509_get_issuer_name(certificate_at(identity, at)), out, room);
}

uint8_t tl_tls_identity_is_issued(const struct tl_tls_identity *identity, uint32_t at, uint32_t by)
{
    int result = X509_check_issued(certificate_at(identity, by), certificate_at(identity, at));
    ERR_clear_error();
    return result == X509_V_OK;
}
