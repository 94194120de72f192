// SPDX-License-Identifier: Apache-2.0
// Whom we believe, and what their certificates may be for.
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "tls.h"

#define AUTHORITIES_MAX 1000

static int trust_add(struct tl_tls_trust *trust, X509 *x509)
{
    struct tl_tls_facts facts;
    if (!X509_STORE_add_cert(trust->store, x509))
        return 0;
    tl_tls_x509_facts(x509, &facts);
    if (facts.not_after_s > trust->not_after_s)
        trust->not_after_s = facts.not_after_s;
    trust->count++;
    return 1;
}

static enum tl_tls_fault authorities_read(struct tl_tls_trust *trust, const char *path)
{
    FILE *file = tl_tls_file_open(path);
    if (file == NULL)
        return TL_TLS_CERTIFICATE_UNREADABLE;
    X509 *x509;
    while (trust->count < AUTHORITIES_MAX &&
           (x509 = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
        int added = trust_add(trust, x509);
        X509_free(x509);
        if (!added)
            break;
    }
    fclose(file);
    return trust->count > 0 ? TL_TLS_GOOD : TL_TLS_CERTIFICATE_NONE;
}

struct tl_tls_trust *tl_tls_trust_read(const char *path, enum tl_tls_fault *fault)
{
    struct tl_tls_trust *trust = calloc(1, sizeof(*trust));
    *fault = TL_TLS_MEMORY;
    if (trust == NULL)
        return NULL;
    trust->store = X509_STORE_new();
    if (trust->store != NULL) {
        // What stands in the file is believed, be it the top of its chain or not.
        X509_STORE_set_flags(trust->store, X509_V_FLAG_PARTIAL_CHAIN);
        *fault = authorities_read(trust, path);
    }
    int number = errno;
    ERR_clear_error();
    if (*fault == TL_TLS_GOOD)
        return trust;
    tl_tls_trust_free(trust);
    errno = number;
    return NULL;
}

void tl_tls_trust_free(struct tl_tls_trust *trust)
{
    if (trust == NULL)
        return;
    X509_STORE_free(trust->store);
    free(trust);
}

uint32_t tl_tls_trust_count(const struct tl_tls_trust *trust)
{
    return trust->count;
}

int64_t tl_tls_trust_not_after_s(const struct tl_tls_trust *trust)
{
    return trust->not_after_s;
}

int tl_tls_verify(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tl_tls_session *session = SSL_get_app_data(ssl);
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    // A service's certificate that is for servers only, shown by its client: the whole chain is
    // looked at as a server's then, since authorities of such have that one usage too.
    if (session->accepts_server_only && leaf != NULL &&
        X509_check_purpose(leaf, X509_PURPOSE_SSL_CLIENT, 0) != 1) {
        X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(store);
        X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
        X509_VERIFY_PARAM_set_trust(parameters, X509_TRUST_SSL_SERVER);
    }
    int result = X509_verify_cert(store);
    session->verify_error = X509_STORE_CTX_get_error(store);
    return result == 1;
}
