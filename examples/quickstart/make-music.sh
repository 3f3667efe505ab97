#!/usr/bin/env bash
# Makes the music of the quickstart: my-music/, nine little tunes of our own, in four formats.
#
# They are committed, because the quickstart needs nothing but Rust; this script is how they
# were made and needs ffmpeg with libmp3lame and libvorbis. Artists and titles are invented.
# The tags are those of a careless owner on purpose: no numbers, codes or dates. The library
# musicdl makes of them has these from the playlist.
set -euo pipefail
cd "$(dirname "$0")"
rm -rf my-music
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run() { ffmpeg -nostdin -loglevel error -y "$@"; }

# tune FILE SECONDS CHORD.. : every chord sounds for its share of the length, each note a
# decaying sine with one overtone; a chord is `220+277+330` (Hz).
tune() {
  local file=$1 seconds=$2; shift 2
  local count=$# share inputs=() graph="" at=0 chord expression note
  share=$(awk -v s="$seconds" -v n="$count" 'BEGIN { printf "%.4f", s / n }')
  for chord in "$@"; do
    expression=0
    for note in ${chord//+/ }; do
      expression+="+0.13*exp(-1.4*t)*(sin(2*PI*$note*t)+0.3*sin(4*PI*$note*t))"
    done
    inputs+=(-f lavfi -i "aevalsrc=$expression:s=22050:d=$share")
    graph+="[$at:a]"
    at=$((at + 1))
  done
  run "${inputs[@]}" -filter_complex "${graph}concat=n=$count:v=0:a=1" \
    -ac 1 -sample_fmt s16 "$file"
}

# cover FILE COLOUR COLOUR : a square of two colours that run into each other.
cover() {
  run -f lavfi -i "gradients=s=240x240:c0=$2:c1=$3:x0=0:y0=0:x1=240:y1=240:nb_colors=2:seed=1" \
    -frames:v 1 -q:v 4 "$1"
}

# song FILE WAV COVER TITLE ARTIST ALBUM : `-` for no cover, no album.
song() {
  local file=my-music/$1 wav=$2 cover=$3 arguments=()
  mkdir -p "$(dirname "$file")"
  arguments=(-i "$wav")
  [ "$cover" = - ] || arguments+=(-i "$cover" -map 0:a -map 1:v -c:v copy -disposition:v attached_pic)
  arguments+=(-map_metadata -1 -metadata title="$4" -metadata artist="$5")
  [ "$6" = - ] || arguments+=(-metadata album="$6")
  case $file in
    *.flac) arguments+=(-c:a flac -compression_level 12) ;;
    *.mp3) arguments+=(-c:a libmp3lame -b:a 64k -id3v2_version 3) ;;
    *.m4a) arguments+=(-c:a aac -b:a 64k -movflags +faststart) ;;
    *.ogg) arguments+=(-c:a libvorbis -q:a 3 -serial_offset 7) ;;
  esac
  run "${arguments[@]}" -fflags +bitexact -flags:a +bitexact "$file"
}

cover "$work/tide.jpg" 0x0b3954 0xbfd7ea
cover "$work/kites.jpg" 0xe4572e 0xf3a712
cover "$work/map.png" 0x1b1b3a 0xf2d0a4

# The files lie as such collections do: by album, by artist, or simply in Downloads.
a() { tune "$work/tune.wav" "$@"; }
a 3.2 196+247+294 220+262+330 175+220+262 196+247+294
song "Harbour Lights/Low Tide/01 - First Light.flac" "$work/tune.wav" "$work/tide.jpg" "First Light" "Harbour Lights" "Low Tide"
a 2.8 147+175+220 165+196+247 131+165+196
song "Harbour Lights/Low Tide/02 - Slack Water, Pt. 2.flac" "$work/tune.wav" "$work/tide.jpg" "Slack Water, Pt. 2" "Harbour Lights" "Low Tide"
a 3.6 220+262+330 247+294+370 262+330+392 294+370+440
song "Harbour Lights/Low Tide/03 - The Other Shore.mp3" "$work/tune.wav" "$work/tide.jpg" "The \"Other\" Shore" "Harbour Lights" "Low Tide"
a 3.0 294+370+440 330+392+494 220+277+330
song "夜行列車/夜の地図/海の見える駅.m4a" "$work/tune.wav" "$work/map.png" "海の見える駅" "夜行列車" "夜の地図"
a 2.6 262+311+392 233+294+349 208+262+311
song "Marigold Static/Kites/Paper Boats.flac" "$work/tune.wav" "$work/kites.jpg" "Paper Boats" "Marigold Static" "Kites"
a 3.4 175+208+262 196+233+294 156+196+233
song "Marigold Static/Kites/Night Bus Home.m4a" "$work/tune.wav" "$work/kites.jpg" "Night Bus Home" "Marigold Static" "Kites"
a 2.4 330+415+494 294+370+440
song "Downloads/Søren Vinter - Snøfall.ogg" "$work/tune.wav" - "Snøfall" "Søren Vinter" -
a 3.0 247+311+370 277+330+415 247+311+370
song "Ola Brandt - Wrong Turns/02 two left feet.ogg" "$work/tune.wav" - "Two Left Feet" "Ola Brandt" "Wrong Turns"
cover "my-music/Ola Brandt - Wrong Turns/cover.jpg" 0x2e294e 0xefbcd5
a 2.8 392+494+587 440+523+659 392+494+587
song "Downloads/bluebird.mp3" "$work/tune.wav" "$work/kites.jpg" "Bluebird" "Ann Example" -
find my-music -type f -exec ls -l {} +
