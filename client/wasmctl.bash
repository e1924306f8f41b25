# bash completion for wasmctl(1). The words come from wasmctl itself, whose
# tables of options they are.

# Add those of the lines "word<TAB>argument<TAB>help" that begin with the word
# under the cursor.
_wasmctl_words() {
	local word rest
	while IFS=$'\t' read -r word rest; do
		if [[ $word == "$cur"* ]]; then
			COMPREPLY+=("$word ")
		fi
	done < <("${COMP_WORDS[0]}" __complete "$@" 2>/dev/null)
}

# Those that begin like that word; -d: directories only.
_wasmctl_files() {
	local file
	compopt -o filenames
	while IFS= read -r file; do
		COMPREPLY+=("$file")
	done < <(compgen "${1:--f}" -- "$cur")
}

# What the option takes, "" for nothing or no such option.
_wasmctl_argument() {
	"${COMP_WORDS[0]}" __complete "$1" 2>/dev/null |
		while IFS= read -r line; do
			if [[ $line == "$2"$'\t'* ]]; then
				line=${line#*$'\t'}
				printf '%s' "${line%%$'\t'*}"
			fi
		done
}

_wasmctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} verb first=1 argument i
	COMPREPLY=()
	compopt -o nospace
	# "-H MACHINE" before the verb; of a machine bash has made many words.
	if [[ ${COMP_WORDS[1]} == @(-H|--host) ]]; then
		first=3
		while [[ ${COMP_WORDS[first]} == [:@]* ]]; do ((first += 2)); done
	fi
	verb=${COMP_WORDS[first]}
	((COMP_CWORD >= first)) || return
	if ((COMP_CWORD == first)); then
		_wasmctl_words
		return
	fi
	# Options end at the first word that is none, the module.
	for ((i = first + 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} != -* ]]; then
			compopt +o nospace
			_wasmctl_files
			return
		fi
		argument=$(_wasmctl_argument "$verb" "${COMP_WORDS[i]}")
		# One that may be left out is part of the option's word, which
		# bash has made three of.
		if [[ $argument == \[* ]]; then
			[[ ${COMP_WORDS[i + 1]} == = ]] || continue
			argument=${argument:1:-1}
			((++i))
			[[ $cur != = ]] || cur=
		fi
		[[ -n $argument ]] || continue
		# Of NAME=VALUE bash has made three words.
		if ((++i < COMP_CWORD)) && [[ ${COMP_WORDS[i + 1]} == = ]]; then
			argument=${argument#*=}
			((i += 2))
			[[ $cur != = ]] || cur=
		fi
		while [[ ${COMP_WORDS[i + 1]} == [:@]* ]]; do ((i += 2)); done
		if ((i >= COMP_CWORD)); then
			case $argument in
			FILE | PATH) compopt +o nospace; _wasmctl_files ;;
			HOST*) _wasmctl_files -d ;;
			esac
			return
		fi
	done
	case $verb:$cur in
	help:*) _wasmctl_words ;;
	*:-*) _wasmctl_words "$verb" ;;
	submit:* | run:* | call:* | open:* | validate:* | inspect:* | disasm:* | put:*) compopt +o nospace; _wasmctl_files ;;
	esac
}

complete -F _wasmctl wasmctl
