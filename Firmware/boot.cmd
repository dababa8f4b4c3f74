# Chooses the slot, loads its kernel and starts it. Run by U-Boot on every board.
#
# Duties, all specified in docs/boot-state.md: read the boot state (two checksummed copies, the newer valid one counts) and
# the note the last start left in memory; count what a slot on trial may still do before it starts it; load nothing whose
# checksum is wrong; fall back to the other slot when one cannot load.
# It must never write anywhere but the older copy of the state, write at most once a start, and never stop: a device in the
# field has no keyboard.
#
# Set by the image build, before this text: base (start of memory), console (kernel arguments).
# apus_args, from the environment, is added to the kernel's arguments.

# Clear of the decompressed kernel (base + 0x200000 and 40 MB on) and of QEMU's device tree (base + 0x8000000).
setexpr block ${base} + 0x6000000
setexpr header ${base} + 0x6001000
setexpr checksum ${base} + 0x6002000
setexpr kernel ${base} + 0xa000000
setexpr ramdisk ${base} + 0xe000000
# The note: a page.
setexpr note ${base} + 0x7f00000
setexpr note_slot ${note} + 4
setexpr note_stage ${note} + 8
setexpr note_count ${note} + c
setexpr note_filler ${note} + 10
setexpr note_little ${note} + ff8
setexpr note_big ${note} + ffc

test -n "${devtype}" || setenv devtype mmc
test -n "${devnum}" || setenv devnum 0
${devtype} dev ${devnum}

# The newer valid copy. Without one: slot a, then b, and nothing is written, so that a card that reads badly today is not
# changed.
setenv sequence 0; setenv older 40
setenv active a; setenv trial -; setenv left 0; setenv cold 0; setenv bad -; setenv last -
for copy in 40 80; do
  setenv st_seq; setenv st_act; setenv st_try; setenv st_left; setenv st_cold; setenv st_bad; setenv st_why
  if ${devtype} read ${block} ${copy} 1 && env import -c ${block} 0x200 st_seq st_act st_try st_left st_cold st_bad st_why; then
    if test -n "${st_seq}" && itest ${st_seq} -gt ${sequence}; then
      setenv sequence ${st_seq}
      setenv active ${st_act}; setenv trial ${st_try}; setenv left ${st_left}; setenv cold ${st_cold}
      setenv bad ${st_bad}; setenv last ${st_why}
      if test ${copy} = 40; then setenv older 80; else setenv older 40; fi
    fi
  fi
done
if test "${active}" = b; then setenv other a; else setenv active a; setenv other b; fi

# What became of the last start. Without a valid note the power was cut.
setenv noted -; setenv stage 0; setenv count 0
# Some builds of U-Boot store a checksum with its bytes in one order, some in the other: the note has both.
crc32 ${note} ff8 ${checksum}
if itest.l *${checksum} == *${note_little} || itest.l *${checksum} == *${note_big}; then
  if itest.l *${note} == 544f4e41; then
    setexpr.l noted *${note_slot}; setexpr.l stage *${note_stage}; setexpr.l count *${note_count}
  fi
fi
setenv death -
if test ${stage} = 1; then setenv death start; fi
if test ${stage} = 2 || test ${stage} = 5; then setenv death reset; fi
if test ${stage} = 4; then setenv death app; fi

echo "apus: boot state ${sequence}: active ${active}, trial ${trial}, failures left ${left}, starts left ${cold}, bad ${bad}; note ${noted} ${stage} ${count}"

# Writes the state.
setenv store 'setexpr st_seq ${sequence} + 1; setenv st_act ${active}; setenv st_try ${trial}; setenv st_left ${left}; setenv st_cold ${cold}; setenv st_bad ${bad}; setenv st_why ${last}; mw.b ${block} 0 0x200; env export -c -s 0x200 ${block} st_seq st_act st_try st_left st_cold st_bad st_why; ${devtype} write ${block} ${older} 1'
# Ends the trial for a reason.
setenv roll_back 'echo "apus: slot ${trial} is rolled back (${reason})"; setenv bad ${trial}; setenv last ${trial}:${reason}; setenv trial -; setenv left 0; setenv cold 0; run store'

setenv first ${active}; setenv second ${other}
setenv why -; setenv deaths 0; setenv preferred -
if test "${trial}" = "${other}"; then
  setenv reason -
  if test ${noted} = ${trial} && test ${death} != -; then
    test ${left} = 0 || setexpr left ${left} - 1
    test ${left} != 0 || setenv reason ${death}
  else
    test ${cold} = 0 || setexpr cold ${cold} - 1
    test ${cold} != 0 || setenv reason cold
  fi
  if test ${reason} = -; then
    setenv first ${trial}; setenv second ${active}
  else
    run roll_back
  fi
else
  setenv trial -
  if test "${bad}" = ${active}; then
    setenv first ${other}; setenv second ${active}; setenv why ${last}
  fi
  setenv preferred ${first}
  if test ${noted} = ${first} && test ${death} = start; then
    setenv deaths ${count}; test ${count} = ff || setexpr deaths ${count} + 1
  fi
  # Hexadecimal.
  setenv patience 3
  if test "${bad}" = ${second}; then setenv patience 9; fi
  if itest ${deaths} -ge ${patience}; then
    setenv why ${first}:start; setenv first ${second}; setenv second ${preferred}
  fi
fi

# The first one again: a trial that could not be counted is better than nothing.
setenv counting 1; setenv reserved 0
for slot in ${first} ${second} ${first}; do
  if test ${slot} = b; then setenv partition 3; else setenv partition 2; fi
  setenv sl_root_n; setenv sl_hash; setenv sl_verity; setenv ve_hash
  setenv sl_kernel; setenv sl_kernel_n; setenv sl_ramdisk; setenv sl_ramdisk_n
  setenv reason header
  if part start ${devtype} ${devnum} ${partition} start && ${devtype} read ${header} ${start} 1 && env import -c ${header} 0x200 sl_root_n sl_hash sl_verity sl_kernel sl_kernel_n sl_ramdisk sl_ramdisk_n; then
    setenv reason root
    setexpr sector ${start} + ${sl_verity}
    if ${devtype} read ${header} ${sector} 1 && env import -c ${header} 0x200 ve_hash; then
      setenv reason kernel
      setexpr sector ${start} + ${sl_kernel}
      # bootm resets the board when decompression fails: look at both checksums before.
      if ${devtype} read ${kernel} ${sector} ${sl_kernel_n} && iminfo ${kernel}; then
        setenv reason initramfs
        setexpr sector ${start} + ${sl_ramdisk}
        if ${devtype} read ${ramdisk} ${sector} ${sl_ramdisk_n} && iminfo ${ramdisk}; then
          setenv reason -
        fi
      fi
    fi
  fi
  # A trial that cannot be counted could be repeated for ever: only if the confirmed slot cannot be started, too.
  if test ${reason} = - && test ${slot} = ${trial} && test ${counting} = 1; then
    run store || setenv reason state
    if test ${reason} = state; then setenv counting 0; fi
  fi
  if test ${reason} = -; then
    setenv arguments "apus.slot=${slot} apus.verity=${sl_root_n},${sl_hash},${ve_hash}"
    test ${why} = - || setenv arguments "${arguments} apus.why=${why}"
    mw.l ${note} 0 400
    # A page the kernel leaves alone: not in its memory map, and so within reach of /dev/mem.
    if test ${reserved} = 0 && fdt addr ${fdt_addr} && fdt resize 1000; then
      setenv address_cells 1; setenv size_cells 1; setenv high; setenv high_size
      fdt get value address_cells / "#address-cells"; fdt get value size_cells / "#size-cells"
      itest ${address_cells} == 1 || setenv high 0
      itest ${size_cells} == 1 || setenv high_size 0
      fdt mknode / reserved-memory
      fdt set /reserved-memory "#address-cells" <${address_cells}>
      fdt set /reserved-memory "#size-cells" <${size_cells}>
      fdt set /reserved-memory ranges
      if fdt mknode /reserved-memory apus-note && fdt set /reserved-memory/apus-note reg <${high} 0x${note} ${high_size} 0x1000> && fdt set /reserved-memory/apus-note no-map; then
        setenv reserved 1
      fi
    fi
    if test ${reserved} = 1; then
      setenv arguments "${arguments} apus.note=0x${note}"
      mw.l ${note} 544f4e41; mw.l ${note_slot} ${slot}; mw.l ${note_stage} 1
      if test ${slot} = ${preferred}; then mw.l ${note_count} ${deaths}; fi
      mw.l ${note_filler} 5aa5c33c 3fa
      crc32 ${note} ff8 ${note_little}; crc32 ${note} ff8 ${note_big}
    fi
    setenv bootargs "${console} panic=5 quiet loglevel=4 ${arguments} ${apus_args}"
    echo "apus: starting slot ${slot}: ${bootargs}"
    bootm ${kernel} ${ramdisk} ${fdt_addr}
    setenv reason start
  fi
  echo "apus: slot ${slot} cannot be loaded (${reason}), trying the other"
  setenv why ${slot}:${reason}
  if test ${slot} = ${trial} && test ${reason} != state; then run roll_back; fi
done
echo "apus: no slot can be loaded, starting over"
sleep 5
reset
