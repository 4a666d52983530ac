#!/bin/bash
# record.sh records the screens in this folder from programs under Xvfb and openbox. The photo is scipy's raccoon, in the public
# domain. Debian packages: xvfb openbox xterm x11-apps imagemagick xdotool ffmpeg chromium fonts-dejavu-core, and apt to fetch one.
set -e
cd "$(dirname "$0")"
out=$PWD work=$(mktemp -d) started=()
finish() { kill "${started[@]}" 2>/dev/null || true; rm -rf "$work"; }
trap finish EXIT
run() { "$@" >/dev/null 2>&1 & started+=($!); }
record() { sleep 1; import -window root "png24:$work/$1.png"; convert "$work/$1.png" -strip -define png:compression-level=9 -define png:compression-filter=5 "png24:$out/$1.png"; }
stop() { kill "${started[-1]}"; unset 'started[-1]'; sleep 0.5; }

(cd "$work" && apt-get download python3-scipy >/dev/null 2>&1 && dpkg-deb --fsys-tarfile python3-scipy*.deb >scipy.tar)
{ printf 'P6\n1024 768\n255\n'; tar -xOf "$work/scipy.tar" ./usr/lib/python3/dist-packages/scipy/misc/face.dat | bunzip2; } >"$work/face.ppm"
convert "$work/face.ppm" -resize 640x480 -gravity center -extent 640x400 "$work/raccoon.png"
# Two frames of a film: the photo under a camera that moves, coded as films are.
ffmpeg -v error -loop 1 -i "$work/face.ppm" -vf "zoompan=z=1.3+on*0.004:x=80+on*3:y=60+on*2:d=12:s=512x288:fps=25" -frames:v 12 -c:v mpeg4 -q:v 5 "$work/film.avi"
ffmpeg -v error -i "$work/film.avi" "$work/film-%02d.png"
cat >"$work/page.html" <<'HTML'
<!doctype html><title>page</title><body style="margin:2em;font:15px/1.5 'DejaVu Sans';color:#223"><h1 style="color:#058">A page of text</h1>
<p>Letters with soft edges, as browsers draw them, <a href="#">a link</a>, <b>bold</b> and <i>slanted</i> words, and <code>code</code>.
<script>const w='pixel screen viewer window update network colour palette stream tile frame encode decode share copy move'.split(' ');let s=7;
for(let p=0;p<12;p++){let t='';for(let i=0;i<60;i++){s=s*1103515245+12345&0x7fffffff;t+=w[s>>16&15]+' '}document.write('<p>'+t)}</script>
HTML

export DISPLAY=:77
run Xvfb $DISPLAY -screen 0 1024x640x24 -nolisten tcp; sleep 1
xsetroot -solid '#2e3440'
run openbox; sleep 1

run xterm -fa 'DejaVu Sans Mono' -fs 10 -bg black -fg '#cccccc' -geometry 124x38+4+4 -e "bash -c 'cat -n \"$out/../../rfb/hextile.go\" | head -70; ls -l --color /usr/share/doc | tail -12; sleep 99'"; record text; stop
run xterm -fn fixed -bg white -fg black -geometry 160x46+4+4 -e "bash -c 'cat -n \"$out/../../rfb/tight_tiles.go\" | head -44; sleep 99'"; record bitmap-text; stop
run chromium --no-sandbox --user-data-dir="$work/profile" --no-first-run --window-size=1016,630 --window-position=4,4 --app="file://$work/page.html"; sleep 6; record page; stop
run display -geometry +192+100 "$work/raccoon.png"; record photo; stop
run display -geometry +256+160 "$work/film-10.png"; record video-1; stop
run display -geometry +256+160 "$work/film-11.png"; record video-2; stop
convert -size 1024x640 -define gradient:angle=150 gradient:'#203050-#d0e0ff' "$work/sky.png"
display -window root "$work/sky.png" || true # it says 1 whatever it did
record gradient
# A desktop of windows, one of which is dragged by some pixels.
run display -geometry +560+40 -resize 400x250 "$work/raccoon.png"
run xclock -geometry 180x180+30+30 -update 1000000
run xterm -fn fixed -geometry 70x22+100+260 -e "bash -c 'ls -l --color /usr/share/doc | head -40; sleep 99'"; sleep 1
run xterm -title dragged -fa 'DejaVu Sans Mono' -fs 9 -bg '#fdf6e3' -fg '#586e75' -geometry 56x18+470+300 -e "bash -c 'head -40 \"$out/../../rfb/encoder.go\"; sleep 99'"; sleep 1
record mixed
xdotool search --name dragged windowmove 442 283; record drag-1
xdotool search --name dragged windowmove 431 279; record drag-2
