// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/fake-device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct message {
	struct vfu_head h;
	unsigned char body[4096];
	int fds[FDPASS_MAX];
	int nfd;
};

static int get_all(int sock, void *buf, size_t n, int *fds, int *nfd)
{
	int none = 0;

	for (size_t at = 0; at < n;) {
		ssize_t r = fdpass_recv(sock, (char *)buf + at, n - at, fds, fds ? nfd : &none, 0);

		if (r <= 0)
			return -1;
		at += (size_t)r;
		fds = NULL;
	}
	return 0;
}

static void reply(struct fake_device *f, const struct message *m, const void *body, size_t n,
		  const int *fds, int nfd)
{
	struct vfu_head h = {m->h.id, m->h.command, (uint32_t)(sizeof(h) + n), VFU_F_REPLY, 0};
	char buf[8192];

	if (m->h.flags & VFU_F_NO_REPLY)
		return;
	if (f->fault == FAKE_WRONG_ID && m->h.command == VFU_DEVICE_GET_INFO)
		h.id ^= 1;
	if (f->fault == FAKE_WRONG_COMMAND && m->h.command == VFU_DEVICE_GET_INFO)
		h.command++;
	if (f->fault == FAKE_SHORT_HEADER && m->h.command == VFU_DEVICE_GET_INFO)
		h.size = 8;
	if (f->fault == FAKE_LONG_MESSAGE && m->h.command == VFU_DEVICE_GET_INFO)
		h.size = 1u << 30;
	memcpy(buf, &h, sizeof(h));
	if (n)
		memcpy(buf + sizeof(h), body, n);
	fdpass_send(f->sock, buf, sizeof(h) + n, fds, nfd, 0);
}

static void reply_error(struct fake_device *f, const struct message *m, uint32_t code)
{
	struct vfu_head h = {m->h.id, m->h.command, sizeof(h), VFU_F_REPLY | VFU_F_ERROR, code};

	if (!(m->h.flags & VFU_F_NO_REPLY))
		fdpass_send(f->sock, &h, sizeof(h), NULL, 0, 0);
}

static void version(struct fake_device *f, const struct message *m)
{
	static const char good[] = "{\"capabilities\":{\"max_msg_fds\":8}}";
	static const char multi[] = "{\"capabilities\":{\"write_multiple\":true}}";
	bool many = f->fault == FAKE_MULTI || f->fault == FAKE_MULTI_LESS;
	struct vfu_version v = {f->fault == FAKE_VERSION_MAJOR, 0};
	char body[256];
	const char *text = f->fault == FAKE_VERSION_JSON ? "{oh dear" : many ? multi : good;
	size_t n = strlen(text) + (f->fault != FAKE_VERSION_UNENDED);

	memcpy(body, &v, sizeof(v));
	memcpy(body + sizeof(v), text, n);
	reply(f, m, body, sizeof(v) + n, NULL, 0);
}

static void device_info(struct fake_device *f, const struct message *m)
{
	uint32_t info[4] = {16, VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET, 9, 5};
	int fds[FDPASS_MAX];

	if (f->fault == FAKE_NOT_PCI)
		info[1] = 0;
	for (int i = 0; i < FDPASS_MAX; i++)
		fds[i] = f->memfd;
	reply(f, m, info, sizeof(info), fds, f->fault == FAKE_FD_FLOOD ? FDPASS_MAX : 0);
}

static void region_info(struct fake_device *f, const struct message *m)
{
	struct {
		struct vfio_region_info ri;
		struct vfio_region_info_cap_sparse_mmap sm;
		struct vfio_region_sparse_mmap_area area;
	} a = {.ri = {.argsz = sizeof(a.ri)}};
	size_t n = sizeof(a.ri);

	memcpy(&a.ri.index, m->body + 8, 4);
	if (f->fault == FAKE_SHORT_REPLY)
		n = 4;
	if (a.ri.index == BUS_CONFIG)
		a.ri.size = f->fault == FAKE_CONFIG_HUGE ? 1 << 20 : sizeof(f->config);
	if (a.ri.index == 0) {
		n = sizeof(a);
		a.ri = (struct vfio_region_info){
			.argsz = sizeof(a), .size = FAKE_BAR0, .cap_offset = sizeof(a.ri),
			.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
				 VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS,
		};
		a.sm.header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
		a.sm.header.version = 1;
		a.sm.nr_areas = 1;
		a.area = (struct vfio_region_sparse_mmap_area){0x1000, 0x1000};
		if (f->fault == FAKE_CAP_LOOP) {
			a.sm.header.id = 99;
			a.sm.header.next = a.ri.cap_offset;
		} else if (f->fault == FAKE_CAP_OUTSIDE) {
			a.ri.cap_offset = 4000;
		} else if (f->fault == FAKE_AREAS_MANY) {
			a.sm.nr_areas = 1u << 31;
		} else if (f->fault == FAKE_AREA_OUTSIDE) {
			a.area.offset = 0x3000;
		} else if (f->fault == FAKE_AREA_SHORT_FILE) {
			a.area.size = 0x2000;
		}
	}
	if (f->fault == FAKE_REGION_INDEX)
		a.ri.index = 5 - a.ri.index;
	reply(f, m, &a, n, &f->memfd, a.ri.index == 0 && n == sizeof(a));
}

static void irq_info(struct fake_device *f, const struct message *m)
{
	uint32_t q[4];

	memcpy(q, m->body, sizeof(q));
	q[1] = VFIO_IRQ_INFO_EVENTFD;
	q[3] = q[2] == VFIO_PCI_MSIX_IRQ_INDEX ? 10 : 0;
	reply(f, m, q, sizeof(q), NULL, 0);
}

static void set_irqs(struct fake_device *f, struct message *m)
{
	uint32_t q[5];

	memcpy(q, m->body, sizeof(q));
	if (q[1] & VFIO_IRQ_SET_DATA_NONE && !q[4]) {
		while (f->nvector)
			close(f->vector[--f->nvector]);
	} else if ((int)q[4] == m->nfd && q[3] == f->nvector && q[3] + q[4] <= 16) {
		for (int i = 0; i < m->nfd; i++)
			f->vector[f->nvector++] = m->fds[i];
		m->nfd = 0;
	} else {
		reply_error(f, m, EINVAL);
		return;
	}
	reply(f, m, NULL, 0, NULL, 0);
}

/* Reaches for the client's memory from within a read. */
static void reach(struct fake_device *f)
{
	struct vfu_dma_access a = {f->dma_iova, 16};
	struct vfu_head h = {7, VFU_DMA_WRITE, sizeof(h) + sizeof(a) + 16, 0, 0};
	unsigned char buf[sizeof(h) + sizeof(a) + 16];
	uint64_t got[4] = {0};

	if (f->fault == FAKE_DMA_OUTSIDE)
		a.address = f->dma_iova + f->dma_len - 8;
	memcpy(buf, &h, sizeof(h));
	memcpy(buf + sizeof(h), &a, sizeof(a));
	memcpy(buf + sizeof(h) + sizeof(a), "sixteen bytes...", 16);
	fdpass_send(f->sock, buf, sizeof(buf), NULL, 0, 0);
	if (get_all(f->sock, &h, sizeof(h), NULL, NULL))
		return;
	if (h.flags & VFU_F_ERROR) {
		f->dma_refused += h.error == EINVAL && h.size == sizeof(h);
		return;
	}
	if (get_all(f->sock, got, sizeof(a), NULL, NULL))
		return;
	h = (struct vfu_head){8, VFU_DMA_READ, sizeof(h) + sizeof(a), 0, 0};
	memcpy(buf, &h, sizeof(h));
	fdpass_send(f->sock, buf, sizeof(h) + sizeof(a), NULL, 0, 0);
	if (get_all(f->sock, &h, sizeof(h), NULL, NULL) || h.size != sizeof(h) + 32 ||
	    get_all(f->sock, got, 32, NULL, NULL))
		return;
	f->dma_done += !memcmp(&got[2], "sixteen bytes...", 16);
}

static void access_region(struct fake_device *f, struct message *m)
{
	struct vfu_region_access a;
	unsigned char back[sizeof(a) + 8];
	uint8_t *mem;

	if (f->nap_us)
		usleep(f->nap_us);
	memcpy(&a, m->body, sizeof(a));
	mem = a.region == BUS_CONFIG ? f->config : f->bar0;
	if ((a.region != 0 && a.region != BUS_CONFIG) || a.count > 8 ||
	    a.offset + a.count > (a.region ? sizeof(f->config) : sizeof(f->bar0))) {
		reply_error(f, m, EINVAL);
		return;
	}
	if (m->h.command == VFU_REGION_WRITE) {
		memcpy(mem + a.offset, m->body + sizeof(a), a.count);
		f->writes++;
		f->no_reply += !!(m->h.flags & VFU_F_NO_REPLY);
		reply(f, m, &a, sizeof(a), NULL, 0);
		return;
	}
	if (a.region == 0 && (f->fault == FAKE_DMA_INSIDE || f->fault == FAKE_DMA_OUTSIDE))
		reach(f);
	memcpy(back + sizeof(a), mem + a.offset, a.count);
	if (f->fault == FAKE_READ_OTHER && a.region == 0)
		a.offset += 4;
	memcpy(back, &a, sizeof(a));
	reply(f, m, back, sizeof(a) + a.count, NULL, 0);
}

/* Only registers; each must be right. */
static void write_multi(struct fake_device *f, struct message *m)
{
	struct vfu_batch b = {0};
	size_t n = m->h.size - sizeof(m->h);

	if (n <= sizeof(b))
		memcpy(&b, m->body, n);
	if (!b.count || n != offsetof(struct vfu_batch, one) + b.count * sizeof(b.one[0])) {
		reply_error(f, m, EINVAL);
		return;
	}
	if (f->fault == FAKE_MULTI_LESS)
		b.count--;
	for (uint64_t i = 0; i < b.count; i++) {
		const struct vfu_write_one *w = &b.one[i];

		if (w->region || w->count > 8 || w->offset + w->count > sizeof(f->bar0)) {
			reply_error(f, m, EINVAL);
			return;
		}
		memcpy(f->bar0 + w->offset, w->data, w->count);
		f->writes++;
	}
	f->multi++;
	f->no_reply += !!(m->h.flags & VFU_F_NO_REPLY);
	reply(f, m, &b.count, sizeof(b.count), NULL, 0);
}

static void dma_map(struct fake_device *f, struct message *m)
{
	struct vfu_dma_map d;

	memcpy(&d, m->body, sizeof(d));
	f->dma_iova = d.address;
	f->dma_len = d.size;
	reply(f, m, NULL, 0, NULL, 0);
}

static int handle(struct fake_device *f, struct message *m)
{
	if (m->h.command != VFU_VERSION && f->fault == FAKE_ERROR_REPLY) {
		reply_error(f, m, EACCES);
		return 0;
	}
	if (f->fault == FAKE_SILENT)
		return 0;
	switch (m->h.command) {
	case VFU_VERSION:
		version(f, m);
		break;
	case VFU_DEVICE_GET_INFO:
		if (f->fault == FAKE_SILENT_CLOSE)
			return -1;
		device_info(f, m);
		break;
	case VFU_DEVICE_GET_REGION_INFO:
		region_info(f, m);
		break;
	case VFU_DEVICE_GET_IRQ_INFO:
		irq_info(f, m);
		break;
	case VFU_DEVICE_SET_IRQS:
		set_irqs(f, m);
		break;
	case VFU_REGION_READ:
	case VFU_REGION_WRITE:
		access_region(f, m);
		break;
	case VFU_REGION_WRITE_MULTI:
		write_multi(f, m);
		break;
	case VFU_DMA_MAP:
		dma_map(f, m);
		break;
	case VFU_DEVICE_RESET:
		f->resets++;
		reply(f, m, NULL, 0, NULL, 0);
		break;
	default:
		reply(f, m, m->body, m->h.size - sizeof(m->h), NULL, 0);
	}
	return 0;
}

static void *serve(void *arg)
{
	struct fake_device *f = arg;
	struct message m;

	if (f->fault == FAKE_UNASKED_REPLY) {
		struct vfu_head h = {77, VFU_VERSION, sizeof(h), VFU_F_REPLY, 0};

		fdpass_send(f->sock, &h, sizeof(h), NULL, 0, 0);
	}
	for (;;) {
		m.nfd = FDPASS_MAX;
		if (get_all(f->sock, &m.h, sizeof(m.h), m.fds, &m.nfd) ||
		    m.h.size - sizeof(m.h) > sizeof(m.body) ||
		    get_all(f->sock, m.body, m.h.size - sizeof(m.h), NULL, NULL))
			break;
		if (handle(f, &m))
			break;
		while (m.nfd)
			close(m.fds[--m.nfd]);
	}
	shutdown(f->sock, SHUT_RDWR);
	return NULL;
}

/* An endpoint with PCI Express at 0x40 and MSI-X at 0x80. */
static void make_config(struct fake_device *f)
{
	uint8_t *c = f->config;

	memcpy(c + PCI_VENDOR_ID, "\x86\x80\xd3\x10", 4);
	memcpy(c + PCI_SUBSYSTEM_VENDOR_ID, "\x34\x12\x78\x56", 4);
	c[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	c[PCI_COMMAND] = PCI_COMMAND_MASTER;
	c[PCI_CAPABILITY_LIST] = 0x40;
	c[0x40] = PCI_CAP_ID_EXP;
	c[0x41] = 0x80;
	c[0x80] = PCI_CAP_ID_MSIX;
	if (f->fault == FAKE_CAPS_CYCLE) {
		c[0x40] = c[0x80] = PCI_CAP_ID_VNDR;
		c[0x81] = 0x40;
	}
}

int fake_start(struct fake_device *f, enum fake_fault fault)
{
	int pair[2];

	memset(f, 0, sizeof(*f));
	f->fault = fault;
	f->memfd = memfd_create("fake", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (f->memfd < 0 || ftruncate(f->memfd, 0x2000) < 0)
		return -1;
	if (fault != FAKE_AREA_UNSEALED &&
	    fcntl(f->memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		return -1;
	make_config(f);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	f->sock = pair[0];
	if (pthread_create(&f->thread, NULL, serve, f))
		return -1;
	return pair[1];
}

void fake_stop(struct fake_device *f)
{
	pthread_join(f->thread, NULL);
	while (f->nvector)
		close(f->vector[--f->nvector]);
	close(f->sock);
	close(f->memfd);
}
