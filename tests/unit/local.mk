# SPDX-License-Identifier: Apache-2.0
# Unit tests: one program a subject, in CUnit; `make check` runs them.
UNIT_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
UNIT_LIBS = libkernel.a $(CUNIT_LIBS) $(JANSSON_LIBS)

check_PROGRAMS += tests/unit/test-lib
TESTS += tests/unit/test-lib
tests_unit_test_lib_SOURCES = %D%/test-lib.c %D%/cunit.h
tests_unit_test_lib_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lib_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test-confine
TESTS += tests/unit/test-confine
tests_unit_test_confine_SOURCES = %D%/test-confine.c %D%/cunit.h
tests_unit_test_confine_CFLAGS = $(UNIT_CFLAGS) $(SECCOMP_CFLAGS)
tests_unit_test_confine_LDADD = $(UNIT_LIBS) $(SECCOMP_LIBS) -lpthread

ADMISSION_TEST_LIBS = libadmission.a $(UNIT_LIBS) $(ELF_LIBS) $(SODIUM_LIBS) $(SECCOMP_LIBS)
check_PROGRAMS += tests/unit/test-admission tests/unit/test-trust
TESTS += tests/unit/test-admission tests/unit/test-trust
tests_unit_test_admission_SOURCES = %D%/test-admission.c %D%/cunit.h
tests_unit_test_admission_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_admission_LDADD = $(ADMISSION_TEST_LIBS)
tests_unit_test_trust_SOURCES = %D%/test-trust.c %D%/cunit.h
tests_unit_test_trust_CFLAGS = $(UNIT_CFLAGS) $(SODIUM_CFLAGS)
tests_unit_test_trust_LDADD = $(ADMISSION_TEST_LIBS)

check_PROGRAMS += tests/unit/test-keeper-worker
TESTS += tests/unit/test-keeper-worker
tests_unit_test_keeper_worker_SOURCES = %D%/test-keeper-worker.c %D%/cunit.h
tests_unit_test_keeper_worker_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_keeper_worker_LDADD = libchannel.a $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test-keeper-said
TESTS += tests/unit/test-keeper-said
tests_unit_test_keeper_said_SOURCES = %D%/test-keeper-said.c %D%/cunit.h
tests_unit_test_keeper_said_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_keeper_said_LDADD = libkeeper.a $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test-vm-config
TESTS += tests/unit/test-vm-config
tests_unit_test_vm_config_SOURCES = %D%/test-vm-config.c %D%/cunit.h
tests_unit_test_vm_config_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vm_config_LDADD = libvmconfig.a $(UNIT_LIBS)

MODEL_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/sdk/models/include
MODEL_LIBS = libvmhi-model.a $(CUNIT_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS) -lpthread
MODEL_TOY = %D%/model-toy.c %D%/model-toy.h %D%/model-client.h %D%/cunit.h
check_PROGRAMS += tests/unit/test-model-server tests/unit/test-model-dma tests/unit/test-model-proxy \
	tests/unit/test-model-vtd
TESTS += tests/unit/test-model-server tests/unit/test-model-dma tests/unit/test-model-proxy \
	tests/unit/test-model-vtd
tests_unit_test_model_server_SOURCES = %D%/test-model-server.c $(MODEL_TOY)
tests_unit_test_model_server_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_model_server_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_model_server_LDADD = $(MODEL_LIBS)
tests_unit_test_model_dma_SOURCES = %D%/test-model-dma.c $(MODEL_TOY)
tests_unit_test_model_dma_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_model_dma_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_model_dma_LDADD = $(MODEL_LIBS)
tests_unit_test_model_proxy_SOURCES = %D%/test-model-proxy.c %D%/proxy-client.h $(MODEL_TOY)
tests_unit_test_model_proxy_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_model_proxy_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_model_proxy_LDADD = $(MODEL_LIBS)
tests_unit_test_model_vtd_SOURCES = %D%/test-model-vtd.c %D%/proxy-client.h $(MODEL_TOY)
tests_unit_test_model_vtd_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_model_vtd_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_model_vtd_LDADD = $(MODEL_LIBS)

check_PROGRAMS += tests/unit/test-fc-fabric tests/unit/test-fc-names tests/unit/test-fc-capture \
	tests/unit/test-fcoe
TESTS += tests/unit/test-fc-fabric tests/unit/test-fc-names tests/unit/test-fc-capture \
	tests/unit/test-fcoe
MODEL_CLOCK = %D%/model-clock.c %D%/model-clock.h
FC_CLIENT = %D%/fc-client.c %D%/fc-client.h $(MODEL_CLOCK) %D%/cunit.h
FC_LIBS = libfcfabric.a $(MODEL_LIBS)
tests_unit_test_fc_fabric_SOURCES = %D%/test-fc-fabric.c $(FC_CLIENT)
tests_unit_test_fc_fabric_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_fc_fabric_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_fc_fabric_LDADD = $(FC_LIBS)
tests_unit_test_fc_capture_SOURCES = %D%/test-fc-capture.c $(FC_CLIENT)
tests_unit_test_fc_capture_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_fc_capture_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_fc_capture_LDADD = $(FC_LIBS)
tests_unit_test_fcoe_SOURCES = %D%/test-fcoe.c $(FC_CLIENT)
tests_unit_test_fcoe_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_fcoe_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_fcoe_LDADD = $(FC_LIBS)
tests_unit_test_fc_names_SOURCES = %D%/test-fc-names.c $(FC_CLIENT)
tests_unit_test_fc_names_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_fc_names_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_fc_names_LDADD = $(FC_LIBS)

check_PROGRAMS += tests/unit/test-fc-wire tests/unit/test-fc-exchange
TESTS += tests/unit/test-fc-wire tests/unit/test-fc-exchange
tests_unit_test_fc_exchange_SOURCES = %D%/test-fc-exchange.c %D%/cunit.h
tests_unit_test_fc_exchange_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_fc_exchange_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_fc_exchange_LDADD = $(MODEL_LIBS)
tests_unit_test_fc_wire_SOURCES = %D%/test-fc-wire.c %D%/cunit.h
tests_unit_test_fc_wire_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_fc_wire_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_fc_wire_LDADD = $(MODEL_LIBS)

LPE = plugins/hba/emulex/lpe31000/model
LPE_FCP = %D%/lpe-expect.c %D%/lpe-fcp.c %D%/lpe-fcp.h %D%/lpe-fake.c %D%/lpe-fake.h %D%/lpe-memory.c %D%/lpe-memory.h \
	$(MODEL_CLOCK) %D%/cunit.h \
	$(LPE)/card.h $(LPE)/exchange.h $(LPE)/sli4.h $(LPE)/abort.c $(LPE)/exchange.c \
	$(LPE)/fcp.c $(LPE)/fcp.h $(LPE)/fcp-data.c $(LPE)/resource.c $(LPE)/ring.c $(LPE)/ring.h \
	$(LPE)/rx.c $(LPE)/rx.h $(LPE)/scatter.c $(LPE)/scatter.h $(LPE)/tx.c $(LPE)/tx.h
LPE_PORT = %D%/lpe-host.c %D%/lpe-host.h %D%/lpe-memory.c %D%/lpe-memory.h %D%/lpe-queues.c $(MODEL_CLOCK) %D%/cunit.h $(LPE)/card.h $(LPE)/mbox.h \
	$(LPE)/exchange.h $(LPE)/sli4.h $(LPE)/text.h $(LPE)/abort.c $(LPE)/card.c $(LPE)/config.c \
	$(LPE)/config-port.c $(LPE)/config-queue.c $(LPE)/els.c $(LPE)/exchange.c $(LPE)/fcp.c \
	$(LPE)/fcp-data.c $(LPE)/link.c $(LPE)/mbox.c $(LPE)/mbox-login.c $(LPE)/mbox-port.c \
	$(LPE)/queue.c $(LPE)/queue.h $(LPE)/reply.c $(LPE)/resource.c $(LPE)/ring.c $(LPE)/rx.c \
	$(LPE)/scatter.c $(LPE)/tx.c $(LPE)/wqe.c $(LPE)/wqe.h
check_PROGRAMS += tests/unit/test-lpe-port tests/unit/test-lpe-els
TESTS += tests/unit/test-lpe-port tests/unit/test-lpe-els
tests_unit_test_lpe_port_SOURCES = %D%/test-lpe-port.c $(LPE_PORT)
tests_unit_test_lpe_port_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_lpe_port_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lpe_port_LDADD = $(MODEL_LIBS)
tests_unit_test_lpe_els_SOURCES = %D%/test-lpe-els.c $(LPE_PORT)
tests_unit_test_lpe_els_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_lpe_els_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lpe_els_LDADD = $(MODEL_LIBS)

check_PROGRAMS += tests/unit/test-lpe-fcp tests/unit/test-lpe-abort tests/unit/test-lpe-hostile
TESTS += tests/unit/test-lpe-fcp tests/unit/test-lpe-abort tests/unit/test-lpe-hostile
tests_unit_test_lpe_fcp_SOURCES = %D%/test-lpe-fcp.c $(LPE_FCP)
tests_unit_test_lpe_fcp_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_lpe_fcp_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lpe_fcp_LDADD = $(MODEL_LIBS)
tests_unit_test_lpe_abort_SOURCES = %D%/test-lpe-abort.c $(LPE_FCP)
tests_unit_test_lpe_abort_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_lpe_abort_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lpe_abort_LDADD = $(MODEL_LIBS)
tests_unit_test_lpe_hostile_SOURCES = %D%/test-lpe-hostile.c $(LPE_FCP)
tests_unit_test_lpe_hostile_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_lpe_hostile_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_lpe_hostile_LDADD = $(MODEL_LIBS)

check_PROGRAMS += tests/unit/test-vm-pci
TESTS += tests/unit/test-vm-pci
tests_unit_test_vm_pci_SOURCES = %D%/test-vm-pci.c %D%/vm-fake.c %D%/vm-fake.h %D%/cunit.h
tests_unit_test_vm_pci_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vm_pci_LDADD = libvmdevices.a $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test-vm-virtio
TESTS += tests/unit/test-vm-virtio
tests_unit_test_vm_virtio_SOURCES = %D%/test-vm-virtio.c %D%/vm-fake.c %D%/vm-fake.h %D%/cunit.h
tests_unit_test_vm_virtio_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vm_virtio_LDADD = libvmdevices.a $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test-vm-vhost
TESTS += tests/unit/test-vm-vhost
tests_unit_test_vm_vhost_SOURCES = %D%/test-vm-vhost.c %D%/vhost-backend.c %D%/vhost-backend.h \
	%D%/vm-fake.c %D%/vm-fake.h %D%/cunit.h
tests_unit_test_vm_vhost_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vm_vhost_LDADD = libvmdevices.a $(UNIT_LIBS) -lpthread

VM_UNIT_LIBS = libvm.a libvmdevices.a libvm.a libvmconfig.a $(UNIT_LIBS) $(SECCOMP_LIBS)

check_PROGRAMS += tests/unit/test-vm-acpi
TESTS += tests/unit/test-vm-acpi
tests_unit_test_vm_acpi_SOURCES = %D%/test-vm-acpi.c %D%/cunit.h
tests_unit_test_vm_acpi_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vm_acpi_LDADD = $(VM_UNIT_LIBS)

check_PROGRAMS += tests/unit/test-vm-bus
TESTS += tests/unit/test-vm-bus
tests_unit_test_vm_bus_SOURCES = %D%/test-vm-bus.c %D%/cunit.h
tests_unit_test_vm_bus_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vm_bus_LDADD = $(VM_UNIT_LIBS)

check_PROGRAMS += tests/unit/test-vm-boot
TESTS += tests/unit/test-vm-boot
tests_unit_test_vm_boot_SOURCES = %D%/test-vm-boot.c %D%/cunit.h
tests_unit_test_vm_boot_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vm_boot_LDADD = $(VM_UNIT_LIBS)

check_PROGRAMS += tests/unit/test-vm-serial
TESTS += tests/unit/test-vm-serial
tests_unit_test_vm_serial_SOURCES = %D%/test-vm-serial.c %D%/cunit.h
tests_unit_test_vm_serial_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vm_serial_LDADD = $(VM_UNIT_LIBS)

check_PROGRAMS += tests/unit/test-vm-console
TESTS += tests/unit/test-vm-console
tests_unit_test_vm_console_SOURCES = %D%/test-vm-console.c %D%/cunit.h
tests_unit_test_vm_console_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vm_console_LDADD = $(VM_UNIT_LIBS)

check_PROGRAMS += tests/unit/test-vm-kvm
TESTS += tests/unit/test-vm-kvm
tests_unit_test_vm_kvm_SOURCES = %D%/test-vm-kvm.c %D%/cunit.h
tests_unit_test_vm_kvm_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vm_kvm_LDADD = $(VM_UNIT_LIBS)

check_PROGRAMS += tests/unit/test-vm-program
TESTS += tests/unit/test-vm-program
tests_unit_test_vm_program_SOURCES = %D%/test-vm-program.c %D%/cunit.h
tests_unit_test_vm_program_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vm_program_LDADD = $(CUNIT_LIBS)

check_PROGRAMS += tests/unit/test-sysfs
TESTS += tests/unit/test-sysfs
tests_unit_test_sysfs_SOURCES = %D%/test-sysfs.c %D%/cunit.h
tests_unit_test_sysfs_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_sysfs_LDADD = libbus.a $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test-iova
TESTS += tests/unit/test-iova
tests_unit_test_iova_SOURCES = %D%/test-iova.c %D%/cunit.h
tests_unit_test_iova_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_LDADD = libbus.a $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test-vfio-user-client
TESTS += tests/unit/test-vfio-user-client
tests_unit_test_vfio_user_client_SOURCES = %D%/test-vfio-user-client.c %D%/fake-device.c \
	%D%/fake-device.h %D%/cunit.h
tests_unit_test_vfio_user_client_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vfio_user_client_LDADD = libbus.a $(UNIT_LIBS) -lpthread

check_PROGRAMS += tests/unit/test-reg-ring
TESTS += tests/unit/test-reg-ring
tests_unit_test_reg_ring_SOURCES = %D%/test-reg-ring.c %D%/cunit.h
tests_unit_test_reg_ring_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_reg_ring_LDADD = libbus.a $(UNIT_LIBS) -lpthread

check_PROGRAMS += tests/unit/test-keeper-config
TESTS += tests/unit/test-keeper-config
tests_unit_test_keeper_config_SOURCES = %D%/test-keeper-config.c %D%/cunit.h
tests_unit_test_keeper_config_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_keeper_config_LDADD = libkeeper.a libadmission.a $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test-dma-pool
TESTS += tests/unit/test-dma-pool
tests_unit_test_dma_pool_SOURCES = %D%/test-dma-pool.c %D%/cunit.h
tests_unit_test_dma_pool_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dma_pool_LDADD = libbus.a $(UNIT_LIBS)

# One list of assertions on two cards: our model of the 82574L, by raw messages and through the
# keeper's bus, and QEMU's, which judges it.
CARD_TESTS = tests/unit/test-model-82574 tests/unit/test-bus-82574 tests/unit/test-qemu-82574
CARD_SOURCES = %D%/test-model-82574.c %D%/card-tx.c %D%/card-rx.c %D%/card-driver.c \
	%D%/card-driver.h %D%/card-bus.c %D%/card-bus.h
check_PROGRAMS += $(CARD_TESTS)
TESTS += $(CARD_TESTS)
tests_unit_test_model_82574_SOURCES = $(CARD_SOURCES) %D%/card-bus-start.c %D%/card-bus-model.c \
	%D%/model-client.h
tests_unit_test_model_82574_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_model_82574_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_model_82574_LDADD = libvmhi-model.a $(CUNIT_LIBS) -lpthread
tests_unit_test_bus_82574_SOURCES = $(CARD_SOURCES) %D%/card-bus-start.c %D%/card-bus-keeper.c
tests_unit_test_bus_82574_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_bus_82574_LDADD = libbus.a $(UNIT_LIBS)
tests_unit_test_qemu_82574_SOURCES = $(CARD_SOURCES) %D%/card-bus-qemu.c
tests_unit_test_qemu_82574_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_qemu_82574_LDADD = $(CUNIT_LIBS)

check_PROGRAMS += tests/unit/test-82574
TESTS += tests/unit/test-82574
tests_unit_test_82574_SOURCES = %D%/test-82574.c %D%/cunit.h \
	plugins/nic/intel/82574/82574.h plugins/nic/intel/82574/dev.h \
	plugins/nic/intel/82574/driver.c plugins/nic/intel/82574/filter.c \
	plugins/nic/intel/82574/hw.c plugins/nic/intel/82574/irq.c \
	plugins/nic/intel/82574/link.c plugins/nic/intel/82574/queue.c \
	plugins/nic/intel/82574/rx.c plugins/nic/intel/82574/stats.c plugins/nic/intel/82574/tx.c \
	plugins/nic/intel/82574/watch.c
tests_unit_test_82574_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_82574_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test-diskboot
TESTS += tests/unit/test-diskboot
tests_unit_test_diskboot_SOURCES = %D%/test-diskboot.c $(DISKBOOT_PARSERS)
tests_unit_test_diskboot_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_diskboot_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test-net-virtqueue tests/unit/test-net-switch
TESTS += tests/unit/test-net-virtqueue tests/unit/test-net-switch
tests_unit_test_net_virtqueue_SOURCES = %D%/test-net-virtqueue.c %D%/ring-guest.h %D%/cunit.h
tests_unit_test_net_virtqueue_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_net_virtqueue_LDADD = libnet.a $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-net-packed
TESTS += tests/unit/test-net-packed
tests_unit_test_net_packed_SOURCES = %D%/test-net-packed.c %D%/ring-guest.h %D%/cunit.h
tests_unit_test_net_packed_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_net_packed_LDADD = libnet.a $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-net-gso
TESTS += tests/unit/test-net-gso
tests_unit_test_net_gso_SOURCES = %D%/test-net-gso.c %D%/tcp-frame.h %D%/ring-guest.h %D%/cunit.h
tests_unit_test_net_gso_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_net_gso_LDADD = libnet.a $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-net-gso-port
TESTS += tests/unit/test-net-gso-port
tests_unit_test_net_gso_port_SOURCES = %D%/test-net-gso-port.c %D%/tcp-frame.h bench/ring.c bench/ring.h %D%/cunit.h
tests_unit_test_net_gso_port_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_net_gso_port_LDADD = libnet.a $(UNIT_LIBS) -lpthread
tests_unit_test_net_switch_SOURCES = %D%/test-net-switch.c %D%/cunit.h
tests_unit_test_net_switch_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_net_switch_LDADD = libnet.a $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test-nic-check
TESTS += tests/unit/test-nic-check
tests_unit_test_nic_check_SOURCES = %D%/test-nic-check.c %D%/cunit.h
tests_unit_test_nic_check_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_nic_check_LDADD = libnet.a $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test-net-vhost
TESTS += tests/unit/test-net-vhost
tests_unit_test_net_vhost_SOURCES = %D%/test-net-vhost.c bench/ring.c bench/ring.h %D%/cunit.h
tests_unit_test_net_vhost_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_net_vhost_LDADD = libnet.a $(UNIT_LIBS) -lpthread

check_PROGRAMS += tests/unit/test-net-resume
TESTS += tests/unit/test-net-resume
tests_unit_test_net_resume_SOURCES = %D%/test-net-resume.c bench/ring.c bench/ring.h %D%/cunit.h
tests_unit_test_net_resume_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_net_resume_LDADD = libnet.a $(UNIT_LIBS) -lpthread

check_PROGRAMS += tests/unit/test-net-uplink
TESTS += tests/unit/test-net-uplink
tests_unit_test_net_uplink_SOURCES = %D%/test-net-uplink.c bench/ring.c bench/ring.h %D%/cunit.h
tests_unit_test_net_uplink_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_net_uplink_LDADD = libnet.a $(UNIT_LIBS) -lpthread

SCSI_TEST_SOURCES = %D%/scsi-bench.c %D%/scsi-bench.h %D%/cunit.h
check_PROGRAMS += tests/unit/test-scsi tests/unit/test-scsi-reserve
TESTS += tests/unit/test-scsi tests/unit/test-scsi-reserve
tests_unit_test_scsi_SOURCES = %D%/test-scsi.c $(SCSI_TEST_SOURCES)
tests_unit_test_scsi_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_scsi_LDADD = libscsitarget.a $(CUNIT_LIBS)
tests_unit_test_scsi_reserve_SOURCES = %D%/test-scsi-reserve.c $(SCSI_TEST_SOURCES)
tests_unit_test_scsi_reserve_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_scsi_reserve_LDADD = libscsitarget.a $(CUNIT_LIBS)

check_PROGRAMS += tests/unit/test-fc-target
TESTS += tests/unit/test-fc-target
tests_unit_test_fc_target_SOURCES = %D%/test-fc-target.c %D%/fc-initiator.c %D%/fc-initiator.h \
	$(MODEL_CLOCK) %D%/cunit.h
tests_unit_test_fc_target_CPPFLAGS = $(MODEL_CPPFLAGS)
tests_unit_test_fc_target_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_fc_target_LDADD = libfctarget.a libscsitarget.a $(MODEL_LIBS)
