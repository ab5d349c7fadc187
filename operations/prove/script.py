"""The shell script of a writer and of a reader; plain POSIX sh with the tools of busybox.

What it finds it writes as `key=value` lines to the file RESULT: in a pod that is the container's termination
message, so that nobody needs the right to read logs. A failure is a line `error=…` and exit status 1.
"""

MARK = ".airflow-efs-prove-"
"""The beginning of the name of the directory that a run makes in the volume."""

PATIENCE = 60
"""Minutes after which the directory of a run that was interrupted is removed."""

SCRIPT = f"""
set -u
mark="$DATA/{MARK}"
here="$mark$RUN"
deadline=$(( $(date +%s) + LIMIT ))

say() {{ printf '%s=%s\\n' "$1" "$2" >> "$RESULT"; }}
fail() {{ say error "$1"; exit 1; }}
in_time() {{ [ "$(date +%s)" -lt "$deadline" ]; }}

tell_mount() {{
  while read -r source target type options rest; do
    if [ "$target" = "$DATA" ]; then
      say source "$source"; say type "$type"; say options "$options"
    fi
  done < "$MOUNTS"
}}

write() {{
  # A run that was interrupted has left its directory; nobody writes into it any more.
  find "$DATA" -maxdepth 1 -name '{MARK}*' -mmin +{PATIENCE} -exec rm -rf {{}} + 2>/dev/null || :
  mkdir "$here" || fail "cannot make a directory in the volume"
  trap 'rm -rf "$here"' EXIT
  printf '%s\\n' "$TOKEN" > "$here/content.new" || fail "cannot write into the volume"
  mv "$here/content.new" "$here/content"
  say owner "$(stat -c '%u:%g' "$here/content")"
  lines=0
  while in_time; do
    lines=$(( lines + 1 ))
    printf '%s\\n' "$lines" >> "$here/log" || fail "cannot append"
    # Opening a directory makes an NFS client ask the server whether it has changed.
    ls "$here" > /dev/null
    missing=""
    for reader in $READERS; do
      [ -f "$here/seen-$reader" ] || missing="$missing $reader"
    done
    if [ -z "$missing" ]; then
      say lines "$lines"
      return
    fi
    sleep 1
  done
  fail "no word within $LIMIT seconds from:$missing"
}}

read_it() {{
  until ls -a "$DATA" > /dev/null && [ -f "$here/content" ] && [ -f "$here/log" ]; do
    in_time || fail "the writer's file did not appear within $LIMIT seconds"
    sleep 1
  done
  content=$(cat "$here/content")
  [ "$content" = "$TOKEN" ] || fail "the file holds '$content', not what the writer wrote"
  say content same
  say owner "$(stat -c '%u:%g' "$here/content")"
  first=$(wc -l < "$here/log")
  since=$(date +%s)
  until [ "$(wc -l < "$here/log")" -gt "$first" ]; do
    in_time || fail "what the writer appended did not appear within $LIMIT seconds"
    sleep 1
  done
  say append_seconds $(( $(date +%s) - since ))
  : > "$here/seen-$READER" || fail "cannot write into the volume"
}}

tell_mount
case "$ROLE" in
  writer) write ;;
  reader) read_it ;;
esac
say done yes
"""
"""Variables: DATA the volume, RESULT where to write, MOUNTS the mount table, ROLE writer or reader, RUN the
id of the run, TOKEN what is written, LIMIT seconds, READERS the readers' names, READER the name of this
one."""
