/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet frames made and judged in software. */
#ifndef PLUGIN_HOST_FRAMES_H
#define PLUGIN_HOST_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#define IPPROTO_TCP_ 6
#define IPPROTO_UDP_ 17

/* Of a frame with IPv4: where things are */
struct ip_frame {
	uint8_t dst[6];
	uint8_t proto;
	uint8_t options;	/* bytes of IP options: a multiple of 4 */
	uint16_t vid;		/* 0: no tag */
	uint16_t sport, dport;
	uint32_t saddr, daddr;
	uint32_t payload;
	bool fragment;		/* the first, more follow */
	uint8_t tcp_options;	/* bytes: a multiple of 4 */
	uint8_t tcp_flags;	/* besides ACK */
	uint32_t seq;
	uint32_t l3_off, l4_off, csum_off, hdr_len;	/* filled in by frame_ip() */
};

/* A plain frame of len bytes: addresses, EtherType, pattern */
void frame_plain(uint8_t *out, const uint8_t *dst, uint16_t type, uint32_t len);
/* Puts a tag into it; returns the new length */
uint32_t frame_tag(uint8_t *frame, uint32_t len, uint16_t tci);
/* All checksums right; returns the length */
uint32_t frame_ip(uint8_t *out, struct ip_frame *f);
/* As a host that asks for offloads leaves them: the pseudo-header's sum, and no IP checksum */
void frame_for_offload(uint8_t *frame, const struct ip_frame *f, bool l4, bool ip);
/* As a host that asks for segmentation leaves it: as above, the sum without the TCP length */
void frame_for_tso(uint8_t *frame, const struct ip_frame *f);
/* Segment i of mss bytes of payload, as it must arrive; returns its length, 0: there is no more */
uint32_t frame_segment(uint8_t *out, const uint8_t *frame, const struct ip_frame *f, uint32_t mss,
		       uint32_t i);
/* Both checksums of a frame with IPv4 are right */
bool frame_sums_right(const uint8_t *frame, uint32_t len);

#endif
