using System.Globalization;

#if NETSTANDARD2_0
namespace Cameo.Generator.Strings;
#else
namespace Cameo.Kernels;
#endif

/// <summary>
/// Reads a regular expression of RE2's syntax: https://github.com/google/re2/wiki/Syntax. What RE2 does not have (backreferences, looking around, possessive repetition) is
/// refused, and so are \C and names of scripts.
/// </summary>
internal sealed class PatternParser
{
    /// <summary>RE2's bound of counted repetitions.</summary>
    private const int MaximumCount = 1000;

    /// <summary>Groups within groups: a pattern is read by recursion.</summary>
    private const int MaximumDepth = 250;

    private readonly string _pattern;
    private int _position;
    private int _depth;
    private Options _options;

    private PatternParser(string pattern) => _pattern = pattern;

    [Flags]
    private enum Options
    {
        None = 0,
        IgnoreCase = 1,
        MultipleLines = 2,
        DotIsEverything = 4,
        Lazy = 8,
    }

    private bool IsAtEnd => _position >= _pattern.Length;

    private bool IgnoresCase => (_options & Options.IgnoreCase) != 0;

    /// <summary>Reads a pattern.</summary>
    /// <exception cref="PatternException">It is not one, or needs what is not supported.</exception>
    public static PatternNode Parse(string pattern)
    {
        var parser = new PatternParser(pattern);
        PatternNode node = parser.Choice();
        return parser.IsAtEnd ? node : throw new PatternException("unexpected ')'");
    }

    private PatternNode Choice()
    {
        if (++_depth > MaximumDepth)
        {
            throw new PatternException($"groups are nested more than {MaximumDepth} deep");
        }

        // Options that a group sets end with it.
        Options options = _options;
        List<PatternNode> parts = [Sequence()];
        while (TryTake('|'))
        {
            parts.Add(Sequence());
        }

        _options = options;
        _depth--;
        return parts.Count == 1 ? parts[0] : new ChoiceNode(parts);
    }

    private SequenceNode Sequence()
    {
        List<PatternNode> parts = [];
        bool isRepetition = false;
        while (!IsAtEnd && _pattern[_position] is not ('|' or ')'))
        {
            int start = _position;
            if (TryRepetition(out int minimum, out int maximum))
            {
                if (parts.Count == 0 || isRepetition)
                {
                    throw new PatternException(isRepetition ? $"'{_pattern.Substring(start, _position - start)}' repeats a repetition" : $"there is nothing before '{_pattern[start]}' to repeat");
                }

                parts[parts.Count - 1] = new RepetitionNode(parts[parts.Count - 1], minimum, maximum);
                isRepetition = true;
                continue;
            }

            int before = parts.Count;
            Item(parts);
            // What only sets options leaves nothing that could be repeated, nor ends what was.
            isRepetition = isRepetition && parts.Count == before;
        }

        return new SequenceNode(parts);
    }

    private bool TryRepetition(out int minimum, out int maximum)
    {
        (minimum, maximum) = (0, -1);
        switch (_pattern[_position])
        {
            case '*':
                break;
            case '+':
                minimum = 1;
                break;
            case '?':
                maximum = 1;
                break;
            case '{' when TryCounts(out minimum, out maximum, out int end):
                _position = end - 1;
                break;
            default:
                return false;
        }

        // Lazy repetition finds the same texts: what matters is where the longest match ends, and whether all is matched.
        _position++;
        TryTake('?');
        return true;
    }

    /// <summary>Reads {2}, {2,} or {2,5}; a brace that begins nothing of the kind is a character.</summary>
    private bool TryCounts(out int minimum, out int maximum, out int end)
    {
        end = _position + 1;
        maximum = 0;
        if (!TryNumber(ref end, out minimum))
        {
            return false;
        }

        maximum = minimum;
        if (end < _pattern.Length && _pattern[end] == ',')
        {
            end++;
            if (!TryNumber(ref end, out maximum))
            {
                maximum = -1;
            }
        }

        if (end >= _pattern.Length || _pattern[end] != '}')
        {
            return false;
        }

        end++;
        return minimum <= MaximumCount && maximum <= MaximumCount && (maximum < 0 || minimum <= maximum)
            ? true
            : throw new PatternException($"'{_pattern.Substring(_position, end - _position)}' is no repetition: counts are at most {MaximumCount}, in ascending order");
    }

    private bool TryNumber(ref int end, out int number)
    {
        int start = end;
        number = 0;
        while (end < _pattern.Length && _pattern[end] is >= '0' and <= '9')
        {
            number = Math.Min((number * 10) + _pattern[end] - '0', MaximumCount + 1);
            end++;
        }

        return end > start;
    }

    private void Item(List<PatternNode> parts)
    {
        char first = _pattern[_position];
        switch (first)
        {
            case '(':
                Group(parts);
                return;
            case '[':
                parts.Add(new SetNode(Class()));
                return;
            case '.':
                _position++;
                var all = new CodePointSet();
                parts.Add(new SetNode((_options & Options.DotIsEverything) != 0 ? all.Add(0, CodePointSet.Largest) : all.AddOutside([('\n', '\n')])));
                return;
            case '^':
                _position++;
                parts.Add(new AssertionNode((_options & Options.MultipleLines) != 0 ? PatternAssertion.LineStart : PatternAssertion.TextStart));
                return;
            case '$':
                _position++;
                parts.Add(new AssertionNode((_options & Options.MultipleLines) != 0 ? PatternAssertion.LineEnd : PatternAssertion.TextEnd));
                return;
            case '\\':
                Escape(parts);
                return;
            default:
                Literal(parts, CodePoint());
                return;
        }
    }

    private void Literal(List<PatternNode> parts, int codePoint) => parts.Add(new SetNode(CodePointSet.Of(codePoint, IgnoresCase)));

    private void Group(List<PatternNode> parts)
    {
        int start = _position++;
        Options outside = _options;
        if (TryTake('?') && !TryName() && !TryOptions())
        {
            // Only options, for the rest of the group around: "(?i)".
            return;
        }

        parts.Add(Choice());
        _options = outside;
        if (!TryTake(')'))
        {
            throw new PatternException($"'(' at {start} is not closed");
        }
    }

    private bool TryName()
    {
        int start = _position;
        TryTake('P');
        if (!TryTake('<') || _position >= _pattern.Length || _pattern[_position] is '=' or '!')
        {
            _position = start;
            return false;
        }

        int end = _pattern.IndexOf('>', _position);
        string name = end < 0 ? "" : _pattern.Substring(_position, end - _position);
        if (name.Length == 0 || name.Any(letter => letter != '_' && !char.IsLetterOrDigit(letter)))
        {
            throw new PatternException($"the group at {start - 2} has no valid name");
        }

        _position = end + 1;
        return true;
    }

    /// <summary>Reads the options of (?i) or (?i-s:…); true where a group follows.</summary>
    private bool TryOptions()
    {
        Options options = _options;
        bool isSet = true;
        for (; !IsAtEnd; _position++)
        {
            char letter = _pattern[_position];
            switch (letter)
            {
                case '-' when isSet:
                    isSet = false;
                    continue;
                case ')':
                    _position++;
                    _options = options;
                    return false;
                case ':':
                    _position++;
                    _options = options;
                    return true;
            }

            Options option = letter switch
            {
                'i' => Options.IgnoreCase,
                'm' => Options.MultipleLines,
                's' => Options.DotIsEverything,
                'U' => Options.Lazy,
                _ => throw new PatternException($"'(?{letter}' is not supported"),
            };
            options = isSet ? options | option : options & ~option;
        }

        throw new PatternException("'(?' is not closed");
    }

    private void Escape(List<PatternNode> parts)
    {
        char letter = _position + 1 < _pattern.Length ? _pattern[_position + 1] : throw new PatternException("there is nothing after the last '\\'");
        PatternAssertion? assertion = letter switch
        {
            'A' => PatternAssertion.TextStart,
            'z' => PatternAssertion.TextEnd,
            'b' => PatternAssertion.WordBoundary,
            'B' => PatternAssertion.NoWordBoundary,
            _ => null,
        };
        if (assertion is { } known)
        {
            _position += 2;
            parts.Add(new AssertionNode(known));
        }
        else if (letter == 'Q')
        {
            _position += 2;
            while (!IsAtEnd && string.CompareOrdinal(_pattern, _position, "\\E", 0, 2) != 0)
            {
                Literal(parts, CodePoint());
            }

            _position = Math.Min(_position + 2, _pattern.Length);
        }
        else
        {
            var set = new CodePointSet { IgnoresCase = IgnoresCase };
            if (!TryNamedClass(set))
            {
                int codePoint = EscapedCodePoint();
                set.Add(codePoint, codePoint);
            }

            parts.Add(new SetNode(set));
        }
    }

    /// <summary>Reads a class in brackets.</summary>
    private CodePointSet Class()
    {
        int start = _position++;
        var set = new CodePointSet { IgnoresCase = IgnoresCase, IsNegated = TryTake('^') };
        bool isFirst = true;
        while (true)
        {
            if (IsAtEnd)
            {
                throw new PatternException($"'[' at {start} is not closed");
            }

            if (_pattern[_position] == ']' && !isFirst)
            {
                _position++;
                return set;
            }

            isFirst = false;
            if (!TryPosixClass(set) && !TryNamedClass(set))
            {
                ClassRange(set);
            }
        }
    }

    private void ClassRange(CodePointSet set)
    {
        int start = _position;
        int low = ClassCodePoint();
        int high = low;
        if (_position + 1 < _pattern.Length && _pattern[_position] == '-' && _pattern[_position + 1] != ']')
        {
            _position++;
            high = ClassCodePoint();
        }

        if (high < low)
        {
            throw new PatternException($"the range '{_pattern.Substring(start, _position - start)}' is empty");
        }

        set.Add(low, high);
    }

    private int ClassCodePoint() => IsAtEnd ? throw new PatternException("'[' is not closed") : _pattern[_position] == '\\' ? EscapedCodePoint() : CodePoint();

    private bool TryPosixClass(CodePointSet set)
    {
        int end = string.CompareOrdinal(_pattern, _position, "[:", 0, 2) == 0 ? _pattern.IndexOf(":]", _position + 2, StringComparison.Ordinal) : -1;
        if (end < 0)
        {
            return false;
        }

        string name = _pattern.Substring(_position + 2, end - _position - 2);
        bool isNegated = name.Length > 0 && name[0] == '^';
        (int, int)[] ranges = PatternClasses.TryPosix(isNegated ? name.Substring(1) : name) ?? throw new PatternException($"there is no class '[:{name}:]'");
        _position = end + 2;
        Add(set, ranges, isNegated);
        return true;
    }

    /// <summary>Reads \d, \pL and the like.</summary>
    private bool TryNamedClass(CodePointSet set)
    {
        if (_pattern[_position] != '\\' || _position + 1 >= _pattern.Length)
        {
            return false;
        }

        char letter = _pattern[_position + 1];
        if (PatternClasses.TryPerl(char.ToLowerInvariant(letter)) is { } ranges)
        {
            _position += 2;
            Add(set, ranges, char.IsUpper(letter));
            return true;
        }

        if (letter is not ('p' or 'P'))
        {
            return false;
        }

        bool isNegated = letter == 'P';
        _position += 2;
        string name = IsAtEnd ? "" : _pattern[_position] != '{' ? _pattern[_position].ToString() : Braced();
        _position += name.Length == 1 && _pattern[_position] != '{' ? 1 : name.Length + 2;
        if (name.Length > 1 && name[0] == '^')
        {
            isNegated = !isNegated;
            name = name.Substring(1);
        }

        int categories = PatternClasses.TryCategories(name) ?? throw new PatternException($"the class '\\p{{{name}}}' is not supported: only general categories are");
        set.AddCategories(isNegated ? PatternClasses.AllCategories & ~categories : categories);
        return true;
    }

    private static void Add(CodePointSet set, (int Low, int High)[] ranges, bool isNegated)
    {
        if (isNegated)
        {
            set.AddOutside(ranges);
            return;
        }

        foreach ((int low, int high) in ranges)
        {
            set.Add(low, high);
        }
    }

    private string Braced()
    {
        int end = _pattern.IndexOf('}', _position);
        return end < 0 ? throw new PatternException("'{' is not closed") : _pattern.Substring(_position + 1, end - _position - 1);
    }

    private int EscapedCodePoint()
    {
        _position++;
        if (IsAtEnd)
        {
            throw new PatternException("there is nothing after the last '\\'");
        }

        char letter = _pattern[_position++];
        switch (letter)
        {
            case 'a':
                return '\a';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'v':
                return '\v';
            case 'x':
                return Hexadecimal();
            case '0':
            case >= '1' and <= '7' when !IsAtEnd && _pattern[_position] is >= '0' and <= '7':
                return Octal(letter - '0');
            case >= '1' and <= '9':
                throw new PatternException($"the backreference '\\{letter}' is not of RE2's syntax");
            default:
                return letter < 128 && letter != '_' && !char.IsLetterOrDigit(letter) ? letter : throw new PatternException($"'\\{letter}' is not supported");
        }
    }

    private int Octal(int value)
    {
        for (int digit = 1; digit < 3 && !IsAtEnd && _pattern[_position] is >= '0' and <= '7'; digit++)
        {
            value = (value * 8) + _pattern[_position++] - '0';
        }

        return value;
    }

    private int Hexadecimal()
    {
        bool isBraced = !IsAtEnd && _pattern[_position] == '{';
        string digits = isBraced ? Braced() : _pattern.Substring(_position, Math.Min(2, _pattern.Length - _position));
        _position += digits.Length + (isBraced ? 2 : 0);
        return (isBraced ? digits.Length is > 0 and <= 8 : digits.Length == 2) && digits.All(IsHexadecimal)
            && uint.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) is var value and <= CodePointSet.Largest
            ? (int)value
            : throw new PatternException($"'{digits}' after '\\x' is no code point");
    }

    private static bool IsHexadecimal(char digit) => digit is (>= '0' and <= '9') or (>= 'a' and <= 'f') or (>= 'A' and <= 'F');

    private int CodePoint()
    {
        int codePoint = char.IsSurrogatePair(_pattern, _position) ? char.ConvertToUtf32(_pattern, _position) : _pattern[_position];
        _position += codePoint > char.MaxValue ? 2 : 1;
        return codePoint;
    }

    private bool TryTake(char character)
    {
        if (IsAtEnd || _pattern[_position] != character)
        {
            return false;
        }

        _position++;
        return true;
    }
}
