// SPDX-License-Identifier: Apache-2.0
/* MODE SELECT (SPC-4 6.11): the whole list is checked before any of it counts. */
#include "internal.h"

static bool is_ten(const struct scsi_task *t)
{
	return t->cdb[0] == 0x55;
}

void cmd_mode_select(struct scsi_task *t)
{
	uint32_t n = is_ten(t) ? (uint32_t)get_be(t->cdb + 7, 2) : t->cdb[4];

	/* PF 0 would mean vendor-specific pages; there are none. */
	if (n && !(t->cdb[1] & 0x10))
		sense_cdb_field(t, 1, 4);
	else
		task_want(t, n);
}

/* A block descriptor may only say what is so already. */
static bool descriptor_same(struct scsi_task *t, size_t at, size_t n, bool lengthy)
{
	const struct store *s = &t->lu->store;
	const uint8_t *p = t->data + at;
	uint64_t blocks = get_be(p, lengthy ? 8 : 4), most = lengthy ? UINT64_MAX : UINT32_MAX;
	uint32_t size = (uint32_t)get_be(p + (lengthy ? 12 : 5), lengthy ? 4 : 3);

	if (n != (lengthy ? 16u : 8u)) {
		sense_list_field(t, is_ten(t) ? 6 : 3, -1);
		return false;
	}
	if (blocks && blocks != (s->blocks < most ? s->blocks : most)) {
		sense_list_field(t, (unsigned int)at, -1);
		return false;
	}
	if (size != s->block_size)
		sense_list_field(t, (unsigned int)at + (lengthy ? 12 : 5), -1);
	return size == s->block_size;
}

/* Where the pages begin; 0: the task has been told what is wrong. */
static size_t check_head(struct scsi_task *t)
{
	size_t header = is_ten(t) ? 8 : 4, n;
	const uint8_t *p = t->data;
	bool lengthy;

	if (t->data_size < header) {
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_LIST_LENGTH);
		return 0;
	}
	lengthy = is_ten(t) && p[4] & 1;
	n = is_ten(t) ? (size_t)get_be(p + 6, 2) : p[3];
	if (t->data_size < header + n || (n && n < 8) || (lengthy && n && n < 16)) {
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_LIST_LENGTH);
		return 0;
	}
	return n && !descriptor_same(t, header, n, lengthy) ? 0 : header + n;
}

/* The length of the page at that place; 0: the task has been told what is wrong with it. */
static size_t check_page(struct scsi_task *t, size_t at)
{
	uint8_t now[64] = {0}, mask[64] = {0};
	const uint8_t *p = t->data + at;
	/* PS and SPF are 0 here, and 3Fh is no page but all of them. */
	size_t n = p[0] >= 0x3f ? 0 : mode_page(t->lu, p[0], 0, now);

	if (!n) {
		sense_list_field(t, (unsigned int)at, -1);
		return 0;
	}
	if (t->data_size < at + n) {
		sense_check(t, SCSI_ILLEGAL_REQUEST, ASC_LIST_LENGTH);
		return 0;
	}
	mode_page(t->lu, p[0], 1, mask);
	for (size_t i = 1; i < n; i++) {
		uint8_t wrong = (uint8_t)((p[i] ^ now[i]) & ~(i > 1 ? mask[i] : 0));

		if (wrong) {
			sense_list_field(t, (unsigned int)(at + i), 31 - __builtin_clz(wrong));
			return 0;
		}
	}
	return n;
}

static void apply(struct scsi_lu *lu, const uint8_t *p)
{
	if (p[0] == 0x08)
		lu->wce = p[2] & 0x04;
	if (p[0] == 0x0a) {
		lu->d_sense = p[2] & 0x04;
		lu->swp = p[4] & 0x08;
	}
}

void finish_mode_select(struct scsi_task *t)
{
	size_t first, at, n;

	if (!t->data_size)
		return;
	first = at = check_head(t);
	for (; at && at < t->data_size; at += n) {
		n = check_page(t, at);
		if (!n)
			return;
	}
	if (!at || first == at)
		return;
	for (at = first; at < t->data_size; at += 2u + t->data[at + 1])
		apply(t->lu, t->data + at);
	/* A cache that is switched off holds nothing back. */
	if (!t->lu->wce && medium_failed(t, store_sync(&t->lu->store), true))
		return;
	attention_others(t->lu, t->nexus, UA_MODE_CHANGED);
}
