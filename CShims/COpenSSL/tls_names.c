// SPDX-License-Identifier: Apache-2.0
// What a certificate says of itself.
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "tls.h"

static int64_t seconds(const ASN1_TIME *time)
{
    struct tm parts = {0};
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1)
        return 0;
    return (int64_t)timegm(&parts);
}

void tl_tls_x509_facts(X509 *x509, struct tl_tls_facts *facts)
{
    unsigned int bytes = 0;
    *facts = (struct tl_tls_facts){
        .not_before_s = seconds(X509_get0_notBefore(x509)),
        .not_after_s = seconds(X509_get0_notAfter(x509)),
        .key_bits = (uint32_t)EVP_PKEY_get_bits(X509_get0_pubkey(x509)),
        .is_rsa = EVP_PKEY_get_base_id(X509_get0_pubkey(x509)) == EVP_PKEY_RSA,
        .for_servers = X509_check_purpose(x509, X509_PURPOSE_SSL_SERVER, 0) == 1,
        .for_clients = X509_check_purpose(x509, X509_PURPOSE_SSL_CLIENT, 0) == 1,
    };
    X509_digest(x509, EVP_sha256(), facts->sha256, &bytes);
    ERR_clear_error();
}

struct out {
    uint8_t *bytes;
    size_t room;
    size_t used;
};

// A name with a zero octet in it is no name: who reads it as a string would see another one.
static void put(struct out *out, uint8_t kind, const ASN1_STRING *name)
{
    int length = ASN1_STRING_length(name);
    const uint8_t *bytes = ASN1_STRING_get0_data(name);
    if (length <= 0 || length > 255 || memchr(bytes, 0, (size_t)length) != NULL ||
        out->room - out->used < (size_t)length + 3)
        return;
    uint8_t *place = out->bytes + out->used;
    place[0] = kind;
    place[1] = 0;
    place[2] = (uint8_t)length;
    memcpy(place + 3, bytes, (size_t)length);
    out->used += (size_t)length + 3;
}

static void put_alternatives(struct out *out, const X509 *x509)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS)
            put(out, 'd', name->d.dNSName);
        else if (name->type == GEN_URI)
            put(out, 'u', name->d.uniformResourceIdentifier);
    }
    GENERAL_NAMES_free(names);
}

static void put_common(struct out *out, const X509 *x509)
{
    const X509_NAME *subject = X509_get_subject_name(x509);
    int at = -1;
    while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
        put(out, 'c', X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

size_t tl_tls_x509_names(X509 *x509, uint8_t *bytes, size_t room)
{
    struct out out = {.bytes = bytes, .room = room};
    put_alternatives(&out, x509);
    put_common(&out, x509);
    ERR_clear_error();
    return out.used;
}
