#compdef wasmctl
# zsh completion for wasmctl(1). The words come from wasmctl itself, whose
# tables of options they are: lines of "word<TAB>argument<TAB>help".

_wasmctl_words() {
	local -a described row
	local line
	while IFS= read -r line; do
		row=("${(@ps:\t:)line}")
		described+=("${row[1]//:/\\:}:$row[3]")
	done < <("$words[1]" __complete "$@" 2>/dev/null)
	_describe word described
}

# What the option takes, in REPLY: nothing for nothing or no such option.
_wasmctl_argument() {
	local -a row
	local line
	REPLY=
	while IFS= read -r line; do
		row=("${(@ps:\t:)line}")
		[[ $row[1] != "$2" ]] || REPLY=$row[2]
	done < <("$words[1]" __complete "$1" 2>/dev/null)
}

_wasmctl() {
	local REPLY i
	if [[ $words[2] == (-H|--host) ]]; then
		((CURRENT > 3)) || return
		words[2,3]=()
		((CURRENT -= 2))
	fi
	if ((CURRENT == 2)); then
		_wasmctl_words
		return
	fi
	# Options end at the first word that is none.
	for ((i = 3; i < CURRENT; i++)); do
		if [[ $words[i] != -* ]]; then
			_files
			return
		fi
		_wasmctl_argument "$words[2]" "$words[i]"
		# One that may be left out is part of the option's word.
		if [[ -n $REPLY && $REPLY != \[* ]] && ((++i >= CURRENT)); then
			case $REPLY in
			FILE | PATH) _files ;;
			NAME=FILE) compset -P '*=' && _files ;;
			HOST*) _files -/ ;;
			esac
			return
		fi
	done
	if [[ $words[2] == help ]]; then
		_wasmctl_words
	elif [[ $words[CURRENT] == -* ]]; then
		_wasmctl_words "$words[2]"
	else
		_files
	fi
}

_wasmctl "$@"
