# SPDX-License-Identifier: Apache-2.0
# Fuzz harnesses: one program a parser, built by clang with libFuzzer, ASan and UBSan.
#   make fuzz              builds them all into tests/fuzz/
#   tests/fuzz/fuzz-X -max_total_time=60 tests/fuzz/seeds/X
# A harness is named in FUZZERS and lists the sources it needs in FUZZ_<name>_SRC (its own file
# fuzz-<name>.c is implied; dashes become underscores).
FUZZERS =

FUZZERS += vfio-user-server model-proxy
FUZZ_vfio_user_server_SRC = $(addprefix sdk/models/,model.c log.c clock.c loop.c config.c bar.c msix.c dma.c faults.c \
	commands.c listen.c stream.c proxy.c qtest.c vtd.c server.c protocol.c version.c)
FUZZ_model_proxy_SRC = $(FUZZ_vfio_user_server_SRC)

FUZZERS += vfio-user-client
FUZZ_vfio_user_client_SRC = kernel/lib/fdpass.c $(addprefix kernel/bus/,bus.c iova.c sysfs.c vfio.c \
	vfio-container.c vfio-user.c vfio-user-io.c)

FUZZERS += vhost-user-fe vm-guest
FUZZ_vhost_user_fe_SRC = kernel/vm/vhost-user-fe.c kernel/vm/vhost-user-wire.c kernel/lib/fdpass.c
FUZZ_vm_guest_SRC = tests/unit/vm-fake.c kernel/lib/event.c kernel/lib/fdpass.c \
	$(addprefix kernel/vm/,pci.c msix.c virtio.c virtio-pci.c virtqueue.c virtio-rng.c \
	virtio-console.c virtio-devices.c virtio-net.c virtio-blk.c virtio-vhost.c \
	vhost-user-fe.c vhost-user-wire.c)

FUZZERS += admission note
FUZZ_admission_SRC = $(addprefix kernel/admission/,check.c dynamic.c elf.c header.c keyfile.c names.c \
	note.c notes.c relocs.c report.c segments.c signature.c sign.c seal.c symbols.c trust.c)
FUZZ_note_SRC = kernel/admission/note.c

FUZZERS += diskboot
FUZZ_diskboot_SRC = $(addprefix kernel/cli/diskboot/,bls.c grub.c grub-words.c)

FUZZERS += vhost-user virtqueue session
FUZZ_virtqueue_SRC = $(addprefix kernel/net/,virtqueue.c split.c packed.c chain.c csum.c gso.c pool.c \
	guestmem.c) kernel/lib/map-shared.c
FUZZ_vhost_user_SRC = $(FUZZ_virtqueue_SRC) kernel/lib/event.c kernel/lib/fdpass.c \
	$(addprefix kernel/net/,vhost-user.c vhost-user-mem.c vhost-user-ring.c vhost-user-input.c \
	vhost-user-session.c session.c)
FUZZ_session_SRC = $(FUZZ_vhost_user_SRC)

FUZZERS += lpe-frames
FUZZ_lpe_frames_SRC = tests/unit/lpe-fcp.c tests/unit/lpe-fake.c tests/unit/lpe-memory.c tests/unit/model-clock.c \
	$(addprefix sdk/models/,loop.c listen.c \
	fc/wire.c fc/frame.c) $(addprefix plugins/hba/emulex/lpe31000/model/,abort.c exchange.c fcp.c \
	fcp-data.c resource.c ring.c rx.c scatter.c tx.c)

FUZZERS += lpe-mailbox
FUZZ_lpe_mailbox_SRC = tests/unit/lpe-host.c tests/unit/lpe-memory.c tests/unit/lpe-queues.c tests/unit/model-clock.c \
	$(addprefix sdk/models/,loop.c \
	listen.c fc/wire.c fc/frame.c) $(addprefix plugins/hba/emulex/lpe31000/model/,abort.c card.c \
	config.c config-port.c config-queue.c els.c exchange.c fcp.c fcp-data.c link.c mbox.c \
	mbox-login.c mbox-port.c queue.c reply.c resource.c ring.c rx.c scatter.c tx.c wqe.c)

FUZZERS += scsi
FUZZ_scsi_SRC = $(addprefix sdk/models/fc/scsi/,attention.c block.c inquiry.c mode.c mode-select.c \
	opcodes.c pr-file.c pr-in.c pr-out.c provision.c reserve.c sense.c store.c target.c task.c \
	unit.c verify.c vpd.c)

FUZZERS += fc-fabric fcoe
FUZZ_fc_fabric_SRC = $(addprefix sdk/models/,clock.c loop.c listen.c $(addprefix fc/,frame.c wire.c sequence.c \
	exchange.c els.c name.c)) $(addprefix sdk/models/fc/fabric/,fabric.c queue.c route.c login.c services.c \
	changes.c names.c names-query.c names-register.c zone.c faults.c capture.c fcoe-frame.c)
FUZZ_fcoe_SRC = $(FUZZ_fc_fabric_SRC) sdk/models/wire.c $(addprefix sdk/models/fc/fabric/,fip.c fcoe.c enode.c)

FUZZERS += fc-target
FUZZ_fc_target_SRC = $(FUZZ_scsi_SRC) sdk/models/clock.c sdk/models/loop.c sdk/models/log.c sdk/models/listen.c \
	$(addprefix sdk/models/fc/,els.c exchange.c frame.c name.c sequence.c wire.c) \
	$(addprefix sdk/models/fc/target/,command.c control.c data.c exchanges.c login.c manage.c outq.c \
	session.c target.c)

FUZZ_CFLAGS = -std=gnu11 -I$(top_srcdir)/sdk/models/include -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_LIBS = $(ZLIB_LIBS) $(ELF_LIBS) $(JANSSON_LIBS) $(SODIUM_LIBS)
FUZZ_BASE_SRC = kernel/lib/err.c kernel/lib/log.c

define FUZZ_RULE
tests/fuzz/fuzz-$(1): $(addprefix $(top_srcdir)/,tests/fuzz/fuzz-$(1).c $(FUZZ_$(subst -,_,$(1))_SRC) $(FUZZ_BASE_SRC))
	@$$(MKDIR_P) $$(@D)
	$$(AM_V_CC)$$(CLANG) $$(DEFS) -I. $$(AM_CPPFLAGS) $$(FUZZ_CFLAGS) -o $$@ $$^ $$(FUZZ_LIBS)
endef
$(foreach f,$(FUZZERS),$(eval $(call FUZZ_RULE,$(f))))

fuzz: $(FUZZERS:%=tests/fuzz/fuzz-%)
.PHONY: fuzz
