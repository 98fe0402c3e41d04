// SPDX-License-Identifier: Apache-2.0
/* The model framework behind a raw vfio-user client: DMA, MSI-X and reset. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/un.h>

#include "tests/unit/model-toy.h"

static void bus_master(struct toy *t, bool on)
{
	uint16_t command = on ? 0x6 : 0x2;

	CU_ASSERT_EQUAL(mc_write(&t->c, CONFIG, 4, &command, 2), 0);
}

static int dma(struct toy *t, uint64_t iova, uint32_t n, uint32_t go)
{
	CU_ASSERT_EQUAL(mc_write(&t->c, 0, R_IOVA, &iova, 8), 0);
	mc_w32(&t->c, 0, R_LENGTH, n);
	mc_w32(&t->c, 0, R_GO, go);
	return (int)mc_r32(&t->c, 0, R_RESULT);
}

static int memory(size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	return ftruncate(fd, (off_t)n) ? -1 : fd;
}

static void test_dma_maps(void)
{
	struct toy *t = toy_start_negotiated();
	int fd = memory(65536), dir = open("/", O_RDONLY | O_DIRECTORY);

	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x10000, 0x8000, fd), 0);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x10000, 0x8000, fd), EEXIST);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x17000, 0x8000, fd), EEXIST);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0xf000, 0x2000, fd), EEXIST);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x18000, 0, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x18001, 0x1000, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x18000, 0x1001, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0xf000, 0x18000, 0x2000, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, -4096ull, 0x18000, 0x2000, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, -4096ull, 0x2000, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, 0x83, 0, 0x18000, 0x1000, fd), EINVAL);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x18000, 0x1000, dir), EINVAL);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 0, 0x10000, 0x4000), ENOENT);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 0, 0x11000, 0x7000), ENOENT);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 1, 0x10000, 0x8000), EINVAL);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 0, 0x10000, 0x8000), 0);
	CU_ASSERT_EQUAL(t->c.n, 24);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 0, 0x10000, 0x8000), ENOENT);
	/* The last page there is, and all of them at once. */
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, -4096ull, 0x1000, fd), 0);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0, 0x1000, fd), 0);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 2, 0, 0), 0);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 0, 0, 0x1000), ENOENT);
	close(fd);
	close(dir);
	toy_stop(t);
}

static void test_dma(void)
{
	struct toy *t = toy_start_negotiated();
	int fd = memory(65536);
	uint8_t *mem = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char back[16];

	/* Two maps follow one another in I/O space, not in the file; the third is read-only. */
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0x4000, 0x10000, 0x1000, fd), 0);
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0x0000, 0x11000, 0x1000, fd), 0);
	CU_ASSERT_EQUAL(mc_map(&t->c, 1, 0x8000, 0x12000, 0x1000, fd), 0);
	memcpy(mem + 0x4ffc, "abcd", 4);
	memcpy(mem, "efgh", 4);

	CU_ASSERT_EQUAL(dma(t, 0x10ffc, 8, 1), EPERM);
	bus_master(t, true);
	CU_ASSERT_EQUAL(dma(t, 0x10ffc, 8, 1), 0);
	mc_read(&t->c, 0, R_BUFFER, back, 8);
	CU_ASSERT_EQUAL(memcmp(back, "abcdefgh", 8), 0);
	mc_write(&t->c, 0, R_BUFFER, "01234567", 8);
	CU_ASSERT_EQUAL(dma(t, 0x10ffe, 8, 2), 0);
	CU_ASSERT_EQUAL(memcmp(mem + 0x4ffc, "ab01", 4), 0);
	CU_ASSERT_EQUAL(memcmp(mem, "234567", 6), 0);

	CU_ASSERT_EQUAL(model_dma_faults(t->m), 1);
	CU_ASSERT_EQUAL(dma(t, 0x12000, 8, 2), EFAULT);
	CU_ASSERT_EQUAL(dma(t, 0x12ffc, 8, 1), EFAULT);
	CU_ASSERT_EQUAL(dma(t, 0xfffc, 8, 1), EFAULT);
	CU_ASSERT_EQUAL(dma(t, UINT64_MAX, 8, 1), EFAULT);
	CU_ASSERT_EQUAL(model_dma_faults(t->m), 5);

	/* The client cuts its memory short: a fault, not a dead model. */
	CU_ASSERT_EQUAL(ftruncate(fd, 0x4000), 0);
	CU_ASSERT_EQUAL(dma(t, 0x10000, 8, 1), EFAULT);
	CU_ASSERT_EQUAL(dma(t, 0x11000, 8, 1), 0);
	CU_ASSERT_EQUAL(mc_unmap(&t->c, 0, 0x11000, 0x1000), 0);
	CU_ASSERT_EQUAL(dma(t, 0x11000, 8, 1), EFAULT);
	munmap(mem, 65536);
	close(fd);
	toy_stop(t);
}

/* Memory the model may not map; a command of the client's sits between request and answer. */
static int serve_dma(struct mc *c, void *arg)
{
	uint64_t a[2];
	uint8_t body[64];
	struct mc_header h = {c->h.id, c->h.command, 0, 1, 0};
	struct mc_access w = {R_SCRATCH, 0, 4, {9, 9, 9, 9}};
	size_t n = 16;

	memcpy(a, c->body, 16);
	memcpy(body, a, 16);
	if (a[1] > 32)
		return -1;
	mc_send(c, CMD_WRITE, 0x10, &w, 20, NULL, 0);
	c->id--;
	if (c->h.command == CMD_DMA_READ) {
		memcpy(body + 16, (char *)arg + a[0] % 4096, a[1]);
		n += a[1];
	} else {
		memcpy((char *)arg + a[0] % 4096, c->body + 16, a[1]);
	}
	h.size = (uint32_t)(sizeof(h) + n);
	if (send(c->sock, &h, sizeof(h), MSG_NOSIGNAL) != sizeof(h))
		return -1;
	return send(c->sock, body, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 : -1;
}

static void test_dma_by_message(void)
{
	struct toy *t = toy_start();
	char mem[4096] = "from the client's side", back[32];

	CU_ASSERT_EQUAL(mc_version(&t->c, 0, 1,
				   "{\"capabilities\":{\"max_data_xfer_size\":8}}"), 0);
	t->c.serve_dma = serve_dma;
	t->c.arg = mem;
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, 0x10000, 0x1000, -1), 0);
	bus_master(t, true);
	CU_ASSERT_EQUAL(dma(t, 0x10000, 22, 1), 0);
	mc_read(&t->c, 0, R_BUFFER, back, 22);
	CU_ASSERT_EQUAL(memcmp(back, mem, 22), 0);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 0x09090909);
	mc_write(&t->c, 0, R_BUFFER, "to it", 5);
	CU_ASSERT_EQUAL(dma(t, 0x10100, 5, 2), 0);
	CU_ASSERT_EQUAL(memcmp(mem + 0x100, "to it", 5), 0);
	toy_stop(t);
}

/*
 * The card asks for memory on its own account, not while it serves a command. What the client sent
 * before it answered must still be served, with nothing more coming to wake the model.
 */
static void test_dma_by_message_later(void)
{
	struct toy *t = toy_start_negotiated();
	const struct timeval limit = {.tv_sec = 10};
	struct mc_access a = {.offset = R_SCRATCH, .count = 4};
	uint64_t iova = 0x10000, body[3] = {iova, 8, 0x1122334455667788};
	struct mc_header h = {0, CMD_DMA_READ, sizeof(h) + sizeof(body), 1, 0};

	setsockopt(t->c.sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	CU_ASSERT_EQUAL(mc_map(&t->c, MEM_READ_WRITE, 0, iova, 0x1000, -1), 0);
	bus_master(t, true);
	mc_write(&t->c, 0, R_IOVA, &iova, 8);
	mc_w32(&t->c, 0, R_LENGTH, 8);
	mc_w32(&t->c, 0, R_GO, 3);
	CU_ASSERT_EQUAL_FATAL(mc_receive(&t->c), 0);
	CU_ASSERT_EQUAL(t->c.h.command, CMD_DMA_READ);
	CU_ASSERT_EQUAL(memcmp(t->c.body, body, 16), 0);
	h.id = t->c.h.id;
	CU_ASSERT_EQUAL(mc_send(&t->c, CMD_READ, 0, &a, 16, NULL, 0), 0);
	CU_ASSERT_EQUAL(send(t->c.sock, &h, sizeof(h), MSG_NOSIGNAL), sizeof(h));
	CU_ASSERT_EQUAL(send(t->c.sock, body, sizeof(body), MSG_NOSIGNAL), sizeof(body));
	CU_ASSERT_EQUAL(mc_receive(&t->c), 0);
	CU_ASSERT_EQUAL(t->c.h.command, CMD_READ);
	CU_ASSERT_EQUAL(t->c.h.id, t->c.id);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_BUFFER), 0x55667788);
	/* An answer to another question ends the client. */
	mc_w32(&t->c, 0, R_GO, 3);
	CU_ASSERT_EQUAL_FATAL(mc_receive(&t->c), 0);
	h.id = (uint16_t)(t->c.h.id + 1);
	send(t->c.sock, &h, sizeof(h), MSG_NOSIGNAL);
	send(t->c.sock, body, sizeof(body), MSG_NOSIGNAL);
	CU_ASSERT_EQUAL(mc_receive(&t->c), -1);
	toy_stop(t);
}

static bool rang(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t n;

	return poll(&p, 1, 0) == 1 && read(fd, &n, sizeof(n)) == sizeof(n);
}

static void raise_vector(struct toy *t, uint32_t v)
{
	CU_ASSERT_EQUAL(mc_w32(&t->c, 0, R_RAISE, v), 0);
	mc_r32(&t->c, 0, R_SCRATCH);
}

static void test_msix(void)
{
	struct toy *t = toy_start_negotiated();
	int fd[3], pipe_fd[2];
	uint16_t control;

	for (int i = 0; i < 3; i++)
		fd[i] = eventfd(0, EFD_CLOEXEC);
	CU_ASSERT_EQUAL_FATAL(pipe(pipe_fd), 0);
	bus_master(t, true);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 0, 3, fd, 3), 0);
	raise_vector(t, 1);
	CU_ASSERT_TRUE(rang(fd[1]));
	CU_ASSERT_FALSE(rang(fd[0]));

	/* Masked by SET_IRQS, by the function's bit, by Bus Master: pending, then delivered. */
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, NONE_MASK, MSIX, 1, 1, NULL, 0), 0);
	raise_vector(t, 1);
	CU_ASSERT_FALSE(rang(fd[1]));
	CU_ASSERT_EQUAL(mc_r32(&t->c, 3, 0x2000), 2);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, NONE_UNMASK, MSIX, 1, 1, NULL, 0), 0);
	CU_ASSERT_TRUE(rang(fd[1]));
	CU_ASSERT_EQUAL(mc_r32(&t->c, 3, 0x2000), 0);
	control = 0xc000;
	mc_write(&t->c, CONFIG, 0xa2, &control, 2);
	raise_vector(t, 0);
	CU_ASSERT_FALSE(rang(fd[0]));
	control = 0x8000;
	mc_write(&t->c, CONFIG, 0xa2, &control, 2);
	CU_ASSERT_TRUE(rang(fd[0]));
	bus_master(t, false);
	raise_vector(t, 2);
	CU_ASSERT_FALSE(rang(fd[2]));
	bus_master(t, true);
	CU_ASSERT_TRUE(rang(fd[2]));

	/* The client's own trigger, and one vector taken away. */
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, NONE_TRIGGER, MSIX, 0, 2, NULL, 0), 0);
	CU_ASSERT_TRUE(rang(fd[0]) && rang(fd[1]) && !rang(fd[2]));
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 0, 1, NULL, 0), 0);
	raise_vector(t, 0);
	CU_ASSERT_FALSE(rang(fd[0]));

	/* Wrong ones. */
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 2, 2, fd, 2), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 1, UINT32_MAX, fd, 1), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 0, 3, fd, 2), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 0, 1, pipe_fd + 1, 1), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, 0, 0, 1, fd, 1), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, NONE_TRIGGER, MSIX, 0, 1, fd, 1), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, 0x23, MSIX, 0, 1, NULL, 0), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, 0x31, MSIX, 0, 1, NULL, 0), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, 0x22, MSIX, 0, 3, NULL, 0), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, NONE_MASK, MSIX, 0, 0, NULL, 0), EINVAL);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, NONE_TRIGGER, MSIX, 0, 0, NULL, 0), 0);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	toy_stop(t);
}

/* A client that lets a guest program the table: its mask bits then count. */
static void test_msix_table(void)
{
	struct toy *t = toy_start_negotiated();
	int fd = eventfd(0, EFD_CLOEXEC);

	bus_master(t, true);
	CU_ASSERT_EQUAL(mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 0, 1, &fd, 1), 0);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 3, 12), 1);
	mc_w32(&t->c, 3, 0, 0xfee01003);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 3, 0), 0xfee01000);
	raise_vector(t, 0);
	CU_ASSERT_FALSE(rang(fd));
	mc_w32(&t->c, 3, 0x2000, 0);	/* the PBA is read only */
	CU_ASSERT_EQUAL(mc_r32(&t->c, 3, 0x2000), 1);
	mc_w32(&t->c, 3, 12, 0);
	CU_ASSERT_TRUE(rang(fd));
	close(fd);
	toy_stop(t);
}

static void test_reset_and_reconnect(void)
{
	struct toy *t = toy_start_negotiated();
	int fd = memory(4096), ev = eventfd(0, EFD_CLOEXEC);
	uint32_t before;

	bus_master(t, true);
	mc_map(&t->c, MEM_READ_WRITE, 0, 0x10000, 0x1000, fd);
	mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 0, 1, &ev, 1);
	mc_w32(&t->c, 0, R_SCRATCH, 1);
	before = t->resets;
	CU_ASSERT_EQUAL(mc_call(&t->c, CMD_RESET, NULL, 0), 0);
	CU_ASSERT_EQUAL(t->resets, before + 1);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 0x5c4a7c11);
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 4) & 0xffff, 0x0006);
	CU_ASSERT_EQUAL(dma(t, 0x10000, 8, 1), 0);

	/* A new client finds a card that nobody has touched. */
	mc_loop_stop(&t->thread);
	close(t->c.sock);
	model_loop_once(t->loop, 1000);
	CU_ASSERT_FALSE(model_has_client(t->m));
	toy_connect(t);
	mc_loop_start(&t->thread, t->loop);
	CU_ASSERT_EQUAL(mc_version(&t->c, 0, 0, NULL), 0);
	CU_ASSERT_EQUAL(mc_r32(&t->c, CONFIG, 4) & 0xffff, 0x0002);
	bus_master(t, true);
	CU_ASSERT_EQUAL(dma(t, 0x10000, 8, 1), EFAULT);
	raise_vector(t, 0);
	CU_ASSERT_FALSE(rang(ev));
	close(fd);
	close(ev);
	toy_stop(t);
}

/* The command is taken before the card sees anything else. */
static void fault(struct toy *t, int sock, const char *line)
{
	mc_loop_stop(&t->thread);
	CU_ASSERT_EQUAL(send(sock, line, strlen(line), 0), (ssize_t)strlen(line));
	model_loop_once(t->loop, 1000);
	mc_loop_start(&t->thread, t->loop);
}

static void test_faults(void)
{
	struct toy *t = toy_start_negotiated();
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = memory(4096), ev = eventfd(0, EFD_CLOEXEC), sock = socket(AF_UNIX, SOCK_DGRAM, 0);
	uint8_t *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint64_t n = 0, begin;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "/tmp/faults.%d", getpid());
	mc_loop_stop(&t->thread);
	CU_ASSERT_EQUAL_FATAL(model_faults_listen(t->m, sa.sun_path), 0);
	CU_ASSERT_EQUAL(model_faults_listen(t->m, sa.sun_path), -EBUSY);
	mc_loop_start(&t->thread, t->loop);
	CU_ASSERT_EQUAL_FATAL(connect(sock, (struct sockaddr *)&sa, sizeof(sa)), 0);
	bus_master(t, true);
	mc_map(&t->c, MEM_READ_WRITE, 0, 0x10000, 0x1000, fd);
	mc_set_irqs(&t->c, EVENTFD_TRIGGER, MSIX, 0, 1, &ev, 1);

	mc_w32(&t->c, 0, R_SCRATCH, 0x12345678);
	fault(t, sock, "read ffffff00 f0000000 2");
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 0xf2345600);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 0xf2345600);
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 0x12345678);

	CU_ASSERT_EQUAL(dma(t, 0x10000, 16, 1), 0);
	fault(t, sock, "dma 18 81 1");
	CU_ASSERT_EQUAL(dma(t, 0x10000, 16, 2), 0);
	CU_ASSERT_EQUAL(mem[2], 0x81);
	CU_ASSERT_EQUAL(dma(t, 0x10000, 16, 2), 0);
	CU_ASSERT_EQUAL(mem[2], 0);

	fault(t, sock, "irq times 3 1");
	raise_vector(t, 0);
	CU_ASSERT_EQUAL(read(ev, &n, 8), 8);
	CU_ASSERT_EQUAL(n, 3);
	fault(t, sock, "irq times 0 1");
	raise_vector(t, 0);
	CU_ASSERT_FALSE(rang(ev));
	fault(t, sock, "irq late 50 1");
	begin = model_now_ns();
	raise_vector(t, 0);
	CU_ASSERT_EQUAL(read(ev, &n, 8), 8);
	CU_ASSERT(model_now_ns() - begin >= 50000000u);

	fault(t, sock, "read 0 0 1000");
	fault(t, sock, "read nonsense");
	fault(t, sock, "clear");
	CU_ASSERT_EQUAL(mc_r32(&t->c, 0, R_SCRATCH), 0x12345678);
	munmap(mem, 4096);
	close(fd);
	close(ev);
	close(sock);
	toy_stop(t);
	CU_ASSERT_EQUAL(access(sa.sun_path, F_OK), -1);
}

static const struct unit_test tests[] = {
	{"DMA maps", test_dma_maps},
	{"DMA through mapped memory", test_dma},
	{"DMA by message", test_dma_by_message},
	{"DMA by message, later", test_dma_by_message_later},
	{"MSI-X by eventfd", test_msix},
	{"MSI-X table", test_msix_table},
	{"reset and reconnect", test_reset_and_reconnect},
	{"fault switches", test_faults},
};

UNIT_MAIN("model DMA and interrupts", tests)
