// The kernel's interfaces to SPI devices and serial ports: ioctl(2) numbers that are macros Swift does not import.
#pragma once
#include <asm/ioctls.h>
#include <linux/serial.h>
#include <linux/spi/spidev.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>

// <linux/spi/spidev.h>
static const unsigned long linux_spi_read_mode = SPI_IOC_RD_MODE32;
static const unsigned long linux_spi_write_mode = SPI_IOC_WR_MODE32;
static const unsigned long linux_spi_write_bits = SPI_IOC_WR_BITS_PER_WORD;
static const unsigned long linux_spi_write_speed = SPI_IOC_WR_MAX_SPEED_HZ;
static const unsigned int linux_spi_lsb_first = SPI_LSB_FIRST;

// The transfers of one message, 1 to 511 of them (SPI_MSGSIZE). Returns -1 and sets errno on failure.
static inline int linux_spi_message(int descriptor, struct spi_ioc_transfer *transfers, unsigned int count) {
    return ioctl(
        descriptor, _IOC(_IOC_WRITE, SPI_IOC_MAGIC, 0, count * sizeof(struct spi_ioc_transfer)), transfers);
}

// ioctl_tty(2): how many bytes of a serial port went wrong, and how.
static inline int linux_serial_counters(int descriptor, struct serial_icounter_struct *counters) {
    return ioctl(descriptor, TIOCGICOUNT, counters);
}

// termios(3): not in POSIX, and too large for the type Swift gives the macro.
static const tcflag_t linux_crtscts = CRTSCTS;
