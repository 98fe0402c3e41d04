// SPDX-License-Identifier: Apache-2.0
/* Verifying the signatures of a driver. */
#include "kernel/admission/signature.h"

#include <sodium.h>
#include <string.h>

#include "kernel/admission/internal.h"
#include "kernel/admission/sign.h"

#define BLOCK sizeof(struct signature_block)
_Static_assert(BLOCK == 256, "a signature block has 256 bytes");

size_t signature_count(const void *file, size_t len)
{
	size_t n = 0;

	while (n <= ADMISSION_SIG_MAX && len >= BLOCK * (n + 1) &&
	       !memcmp((const char *)file + len - BLOCK * (n + 1), SIGNATURE_MAGIC, 8))
		n++;
	return n;
}

void signature_message(const struct signature_block *b, const uint8_t digest[32],
		       uint8_t out[SIGNATURE_MESSAGE])
{
	memcpy(out, b, offsetof(struct signature_block, signature));
	memcpy(out + offsetof(struct signature_block, signature), digest, 32);
}

static bool well_formed(const struct signature_block *b, uint64_t elf_len)
{
	return b->elf_len == elf_len && b->role >= ROLE_VENDOR && b->role <= ROLE_CERTIFIER &&
	       sodium_is_zero(b->zero, sizeof(b->zero));
}

static enum signature_state verify(const struct signature_block *b, const uint8_t digest[32],
				   const struct trust_store *trust,
				   struct admission_signature *s)
{
	const struct keyfile *k = trust_key(trust, b->key_id);
	uint8_t message[SIGNATURE_MESSAGE];

	if (k)
		strcpy(s->signer, k->name);
	if (trust_key_revoked(trust, b->key_id))
		return SIGNATURE_REVOKED;
	if (!k)
		return SIGNATURE_UNKNOWN_KEY;
	signature_message(b, digest, message);
	if (b->role != k->role ||
	    crypto_sign_verify_detached(b->signature, message, sizeof(message), k->public))
		return SIGNATURE_WRONG;
	return SIGNATURE_GOOD;
}

static void check_block(const char *at, const struct trust_store *trust,
			struct admission_report *r)
{
	struct admission_signature *s = &r->sig[r->nsig];
	struct signature_block b;

	memcpy(&b, at, sizeof(b));
	if (!well_formed(&b, r->elf_len)) {
		rule_broken(r->rule, RULE_SIGNATURE,
			    "blocks for exactly the bytes before them, roles 1 to 3, zero padding",
			    "signature %u of role %u over %llu bytes, the file has %llu before it",
			    r->nsig, b.role, (unsigned long long)b.elf_len,
			    (unsigned long long)r->elf_len);
		return;
	}
	s->role = (enum signature_role)b.role;
	s->date = b.date;
	memcpy(s->key_id, b.key_id, sizeof(s->key_id));
	s->state = verify(&b, r->digest, trust, s);
	if (s->state == SIGNATURE_WRONG)
		rule_broken(r->rule, RULE_SIGNATURE, "signatures that verify, in their key's role",
			    "a wrong one that names the %s key of %s", signature_role_name(s->role),
			    s->signer);
	if (s->state == SIGNATURE_REVOKED)
		rule_broken(r->rule, RULE_REVOKED, "no signature by a revoked key",
			    "one by %s", s->signer[0] ? s->signer : "a key on the list");
	r->nsig++;
}

void signatures_check(const void *file, size_t len, const struct trust_store *trust,
		      struct admission_report *r)
{
	size_t n = signature_count(file, len);

	rule_checked(r->rule, RULE_SIGNATURE);
	rule_checked(r->rule, RULE_REVOKED);
	if (n > ADMISSION_SIG_MAX) {
		rule_broken(r->rule, RULE_SIGNATURE, "at most 16 signatures", "more");
		n = ADMISSION_SIG_MAX;
	}
	r->elf_len = len - n * BLOCK;
	crypto_hash_sha256(r->digest, file, r->elf_len);
	for (size_t i = 0; i < n; i++)
		check_block((const char *)file + r->elf_len + i * BLOCK, trust, r);
	if (trust_file_revoked(trust, r->digest))
		rule_broken(r->rule, RULE_REVOKED, "a file that was not revoked",
			    "its SHA-256 is on the list");
}
