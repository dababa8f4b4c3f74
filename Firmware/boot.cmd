# Chooses the slot, loads its kernel and starts it. Run by U-Boot on every board.
#
# Duties: read the boot state (two checksummed copies, the newer valid one counts), take one try off a slot on trial
# before it is started, load nothing whose checksum is wrong, fall back to the other slot when one cannot load.
# It must never write anywhere but the older copy of the state, and never stop: a device in the field has no keyboard.
#
# State: U-Boot environment block of 512 bytes at sector 0x40 and at 0x80: st_seq (hexadecimal, higher is newer), st_act
# (a|b, the confirmed slot), st_try (a|b|-, the slot on trial), st_left (tries left, one hexadecimal digit).
# Slot: partition 2 (a) or 3 (b). Its first sector holds an environment block that says where in it lie, in sectors from
# its start, kernel and initramfs as legacy U-Boot images, whose checksums bootm verifies.
# Set by the image build, before this text: base (start of memory), console (kernel arguments).
# apus_args, from the environment, is added to the kernel's arguments.

# Clear of the decompressed kernel (base + 0x200000 and 40 MB on) and of QEMU's device tree (base + 0x8000000).
setexpr state ${base} + 0x6000000
setexpr header ${base} + 0x6001000
setexpr kernel ${base} + 0xa000000
setexpr ramdisk ${base} + 0xe000000

test -n "${devtype}" || setenv devtype mmc
test -n "${devnum}" || setenv devnum 0
${devtype} dev ${devnum}

# The newer valid copy.
setenv current
setenv sequence 0
setenv active a
setenv trial -
setenv left 0
for copy in 40 80; do
  setenv st_seq; setenv st_act; setenv st_try; setenv st_left
  if ${devtype} read ${state} ${copy} 1; then
    if env import -c ${state} 0x200 st_seq st_act st_try st_left; then
      if itest ${st_seq} -gt ${sequence}; then
        setenv current ${copy}; setenv sequence ${st_seq}
        setenv active ${st_act}; setenv trial ${st_try}; setenv left ${st_left}
      fi
    fi
  fi
done
# No valid copy: slot a, then b. Nothing is written, so that a card that reads badly today is not changed.

# A slot on trial goes first while it has tries left.
setenv first ${active}
setenv dirty 0
if test "${trial}" != "-"; then
  if test "${left}" != "0"; then
    setenv first ${trial}; setexpr left ${left} - 1; setenv dirty 1
  else
    echo "apus: slot ${trial} was not confirmed, back to slot ${active}"
    setenv trial -; setenv dirty 1
  fi
fi
if test ${dirty} = 1; then
  setexpr st_seq ${sequence} + 1
  setenv st_act ${active}; setenv st_try ${trial}; setenv st_left ${left}
  if test "${current}" = 40; then setenv older 80; else setenv older 40; fi
  mw.b ${header} 0 0x200
  env export -c -s 0x200 ${header} st_seq st_act st_try st_left
  # A trial that cannot be counted could be repeated for ever: then the confirmed slot.
  ${devtype} write ${header} ${older} 1 || setenv first ${active}
fi
if test ${first} = a; then setenv second b; else setenv second a; fi

echo "apus: boot state ${sequence}: active ${active}, trial ${trial}, tries left ${left}"
for slot in ${first} ${second}; do
  if test ${slot} = b; then setenv partition 3; else setenv partition 2; fi
  setenv sl_kernel; setenv sl_kernel_n; setenv sl_ramdisk; setenv sl_ramdisk_n
  setenv reason header
  if part start ${devtype} ${devnum} ${partition} start; then
    if ${devtype} read ${header} ${start} 1; then
      if env import -c ${header} 0x200 sl_kernel sl_kernel_n sl_ramdisk sl_ramdisk_n; then
        setenv reason kernel
        setexpr sector ${start} + ${sl_kernel}
        if ${devtype} read ${kernel} ${sector} ${sl_kernel_n}; then
          setexpr sector ${start} + ${sl_ramdisk}
          if ${devtype} read ${ramdisk} ${sector} ${sl_ramdisk_n}; then
            # bootm resets the board when decompression fails: look at both checksums before.
            if iminfo ${kernel}; then
              setenv reason initramfs
              if iminfo ${ramdisk}; then
                echo "apus: starting slot ${slot}"
                setenv bootargs "${console} panic=5 quiet loglevel=4 apus.slot=${slot} apus.active=${active} ${apus_args}"
                bootm ${kernel} ${ramdisk} ${fdt_addr}
                setenv reason start
              fi
            fi
          fi
        fi
      fi
    fi
  fi
  echo "apus: slot ${slot} cannot be loaded (${reason}), trying the other"
done
echo "apus: no slot can be loaded, starting over"
sleep 5
reset
