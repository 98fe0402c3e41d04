// SPDX-License-Identifier: Apache-2.0
/* The good plugin that every wrong one is made of: by a macro of `make`, or by patched bytes. */
#include <vmhi/core.h>
#include <vmhi/note.h>

#ifndef MORE
#define MORE ""
#endif
#ifndef RECORDS
#define RECORDS                                                                                    \
	"abi=0.1-0.1\0class=nic/1\0needs=nothing\0vendor=OpenVMHI\0name=good\0version=1\0"         \
	"license=Apache-2.0\0param=mode:choice:loop:loop|drop:What it does\0"                      \
	"param=depth:u64:256:64:4096:Ring size\0param=fast:bool:1:Hurry\0"                         \
	"opt-room=...........................................................................\0" \
	"opt-rest=...........................................................................\0"
#endif
#ifndef WITHOUT_NOTE
VMHI_NOTE(RECORDS "opt-more=" MORE "\0");
#endif
#ifdef SECOND_NOTE
static const struct {
	uint32_t namesz, descsz, type;
	char owner[8], desc[12];
} second __attribute__((section(".note.vmhi"), used, aligned(4))) = {5, 12, 1, "VMHI",
								     "vmhi-note=1"};
#endif

/* Says that code of this plugin ran. No library: the system call itself. */
__attribute__((unused)) static void mark(void)
{
#ifdef MARKER
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "0"(85L), "D"(MARKER), "S"(0600L)
			 : "rcx", "r11", "memory");
#endif
}

static int attach(const struct vmhi_host *host, vmhi_hc hc, const struct vmhi_attach *at,
		  void **dev)
{
	return -VMHI_ENXIO;
}

static int quiet(void *dev)
{
	return 0;
}

static void drop(void *dev)
{
}

static const void *query(void *dev, uint16_t id, uint16_t version)
{
	return 0;
}

static void event(void *dev, const struct vmhi_event *ev)
{
}

#ifdef CONSTRUCTOR
__attribute__((constructor)) static void early(void)
{
	mark();
}
#endif
#ifdef DESTRUCTOR
__attribute__((destructor)) static void late(void)
{
	mark();
}
#endif
#ifdef NAMED_INIT
void early(void);
void early(void)
{
	mark();
}
#endif
#ifdef EXPORT
__attribute__((visibility("default"))) int another = 1;
#endif
#ifdef IMPORT_CODE
int getpid(void);
__attribute__((used)) static int import(void)
{
	return getpid();
}
#endif
#ifdef IMPORT_DATA
extern char **environ;
__attribute__((used)) static char **import(void)
{
	return environ;
}
#endif
#ifdef WEAK_IMPORT
__attribute__((weak)) int getpid(void);
__attribute__((used)) static int import(void)
{
	return getpid ? getpid() : 0;
}
#endif
#ifdef THREAD_LOCAL
static __thread int local __attribute__((tls_model(THREAD_LOCAL)));
__attribute__((used)) static int count(void)
{
	return ++local;
}
#endif
#ifdef IFUNC
static int one(void)
{
	return 1;
}
static int (*choose(void))(void)
{
	mark();
	return one;
}
static int chosen(void) __attribute__((ifunc("choose")));
__attribute__((used)) static int call(void)
{
	return chosen();
}
#endif
#ifdef UNIQUE
__asm__(".data\n.globl only\n.type only, @gnu_unique_object\n.size only, 8\nonly: .quad 0\n"
	".text");
#endif
#ifdef TEXT_RELOCATION
__asm__(".text\n.quad early_table\n.section .rodata\nearly_table: .quad 0\n.text");
#endif
#ifdef WRITABLE_POINTER
static int target;
int *pointer = &target;
#endif

#ifndef SIZE
#define SIZE sizeof(vmhi_driver)
#endif
#ifndef ID
#define ID VMHI_IF_DRIVER
#endif
#ifndef VERSION_OF
#define VERSION_OF 1
#endif
#ifndef ATTACH
#define ATTACH attach
#endif

#define OPS                                                                                        \
	{                                                                                          \
		.h = {SIZE, ID, VERSION_OF}, .attach = ATTACH, .start = quiet, .quiesce = quiet,    \
		.detach = drop, .forget = drop, .query = query, .event = event                     \
	}

#if defined(HIDDEN)
__attribute__((used)) static const struct vmhi_driver_ops vmhi_driver = OPS;
#elif defined(FUNCTION)
__attribute__((visibility("default"))) const void *vmhi_driver(void);
const void *vmhi_driver(void)
{
	return query(0, 0, 0);
}
#elif defined(WRITABLE)
__attribute__((visibility("default"))) struct vmhi_driver_ops vmhi_driver = OPS;
#elif defined(WEAK)
extern const struct vmhi_driver_ops vmhi_driver
	__attribute__((visibility("default"), weak));
const struct vmhi_driver_ops vmhi_driver = OPS;
#elif defined(PROTECTED)
extern const struct vmhi_driver_ops vmhi_driver __attribute__((visibility("protected")));
const struct vmhi_driver_ops vmhi_driver = OPS;
#else
VMHI_DRIVER = OPS;
#endif
