using System.Globalization;
using System.Text;

namespace Cameo.Generator.Graphs;

/// <summary>
/// An integer expression over the model's symbols, kept as a sum of products in a canonical order, so that equal expressions are equal objects
/// (<c>past + sequence - past</c> is <c>sequence</c>). Operations that are no polynomial become atoms of their own.
/// </summary>
internal sealed class Dimension : IEquatable<Dimension>
{
    public static readonly Dimension Zero = new(new SortedDictionary<string, Term>(StringComparer.Ordinal), 0);
    public static readonly Dimension One = Of(1);

    private readonly SortedDictionary<string, Term> _terms;
    private readonly string _text;

    private const int MaximumTerms = 256;

    private Dimension(SortedDictionary<string, Term> terms, long constant)
    {
        // Products of sums multiply their terms: a hostile model could fill the memory with one size.
        if (terms.Count > MaximumTerms)
        {
            throw new OverflowException($"A size has more than {MaximumTerms} terms.");
        }

        _terms = terms;
        Constant = constant;
        _text = Print();
    }

    /// <summary>The part without symbols.</summary>
    public long Constant { get; }

    /// <summary>Whether the value is known.</summary>
    public bool IsStatic => _terms.Count == 0;

    /// <summary>The known value, or <see langword="null"/>.</summary>
    public long? Value => IsStatic ? Constant : null;

    public static Dimension Of(long value) => new(new SortedDictionary<string, Term>(StringComparer.Ordinal), value);

    public static Dimension Symbol(string name) => FromAtom(new DimensionAtom(DimensionOperation.Symbol, name, null, null));

    public static implicit operator Dimension(long value) => Of(value);

    public static Dimension operator +(Dimension left, Dimension right)
    {
        var terms = new SortedDictionary<string, Term>(left._terms, StringComparer.Ordinal);
        foreach (var pair in right._terms)
        {
            long factor = terms.TryGetValue(pair.Key, out Term known) ? checked(known.Factor + pair.Value.Factor) : pair.Value.Factor;
            if (factor == 0)
            {
                terms.Remove(pair.Key);
            }
            else
            {
                terms[pair.Key] = new Term(factor, pair.Value.Atoms);
            }
        }

        return new Dimension(terms, checked(left.Constant + right.Constant));
    }

    public static Dimension operator -(Dimension value) => value * Of(-1);

    public static Dimension operator -(Dimension left, Dimension right) => left + -right;

    public static Dimension operator *(Dimension left, Dimension right)
    {
        if (left.IsStatic && right.IsStatic)
        {
            return Of(checked(left.Constant * right.Constant));
        }

        Dimension sum = Zero;
        foreach (Term a in left.AllTerms())
        {
            foreach (Term b in right.AllTerms())
            {
                sum += FromTerm(checked(a.Factor * b.Factor), [.. a.Atoms.Concat(b.Atoms).OrderBy(atom => atom.Key, StringComparer.Ordinal)]);
            }
        }

        return sum;
    }

    public static bool operator ==(Dimension? left, Dimension? right) => left is null ? right is null : left.Equals(right);

    public static bool operator !=(Dimension? left, Dimension? right) => !(left == right);

    /// <summary>Quotient rounded towards minus infinity; exact where every term is divisible.</summary>
    public static Dimension FloorDivide(Dimension left, Dimension right)
    {
        if (right.Value is { } divisor && divisor != 0)
        {
            if (left.IsStatic)
            {
                return Of(FloorDivide(left.Constant, divisor));
            }

            // (a·d·x + b) / d = a·x + floor(b / d) holds for every integer x.
            if (divisor > 0 && left._terms.Values.All(term => term.Factor % divisor == 0))
            {
                return left.Scale(divisor) + Of(FloorDivide(left.Constant, divisor));
            }
        }

        if (left == right)
        {
            return One;
        }

        return (right.IsStatic ? null : left.TryDivideExactly(right)) ?? FromAtom(new DimensionAtom(DimensionOperation.FloorDivide, "", left, right));
    }

    public static Dimension CeilingDivide(Dimension left, Dimension right) => -FloorDivide(-left, right);

    public static Dimension Modulo(Dimension left, Dimension right) =>
        left.Value is { } a && right.Value is { } b && b != 0
            ? Of(a - FloorDivide(a, b) * b)
            : left == right ? Zero : FromAtom(new DimensionAtom(DimensionOperation.Modulo, "", left, right));

    public static Dimension Maximum(Dimension left, Dimension right) => Choose(DimensionOperation.Maximum, left, right, Math.Max);

    public static Dimension Minimum(Dimension left, Dimension right) => Choose(DimensionOperation.Minimum, left, right, Math.Min);

    /// <summary>The size that ONNX's broadcasting gives two sizes; a term of its own where neither is known to be the result.</summary>
    public static Dimension Broadcast(Dimension left, Dimension right)
    {
        if (left == right || right.Value == 1)
        {
            return left;
        }

        // A known size other than 1 decides: the other can only be equal to it or 1.
        return left.Value == 1 || right.Value > 1 ? right : left.Value > 1 ? left : Ordered(DimensionOperation.Broadcast, left, right);
    }

    /// <summary>The names of all symbols in the expression.</summary>
    public IEnumerable<string> Symbols() =>
        _terms.Values.SelectMany(term => term.Atoms).SelectMany(atom => atom.Operation == DimensionOperation.Symbol
            ? [atom.Symbol]
            : atom.Left!.Symbols().Concat(atom.Right!.Symbols())).Distinct();

    /// <summary>The name when the expression is one symbol and nothing else.</summary>
    public string? AsSymbol() => Constant == 0 && _terms.Count == 1 && _terms.Values.First() is { Factor: 1, Atoms: [{ Operation: DimensionOperation.Symbol } atom] }
        ? atom.Symbol
        : null;

    /// <summary>The two operands when the expression is a minimum and nothing else.</summary>
    public (Dimension Left, Dimension Right)? AsMinimum() =>
        Constant == 0 && _terms.Count == 1 && _terms.Values.First() is { Factor: 1, Atoms: [{ Operation: DimensionOperation.Minimum } atom] }
            ? (atom.Left!, atom.Right!)
            : null;

    /// <summary>The same expression with symbols replaced.</summary>
    public Dimension Substitute(Func<string, Dimension?> replacement)
    {
        if (IsStatic)
        {
            return this;
        }

        Dimension sum = Of(Constant);
        foreach (Term term in _terms.Values)
        {
            Dimension product = Of(term.Factor);
            foreach (DimensionAtom atom in term.Atoms)
            {
                product *= Substitute(atom, replacement);
            }

            sum += product;
        }

        return sum;
    }

    /// <summary>Smallest and largest value given each symbol's range; long.MaxValue stands for "unbounded".</summary>
    public DimensionRange Range(Func<string, DimensionRange> symbolRange)
    {
        DimensionRange sum = DimensionRange.Exactly(Constant);
        foreach (Term term in _terms.Values)
        {
            DimensionRange product = DimensionRange.Exactly(term.Factor);
            foreach (DimensionAtom atom in term.Atoms)
            {
                product *= Range(atom, symbolRange);
            }

            sum += product;
        }

        return sum;
    }

    /// <summary>The value for given symbols.</summary>
    public long Evaluate(Func<string, long> symbol) => Substitute(name => Of(symbol(name))).Value
        ?? throw new InvalidOperationException($"'{this}' keeps symbols after substitution.");

    /// <summary>The expression as C#, of type <c>long</c>, with helper calls for what C# has no operator for.</summary>
    public string ToCSharp(Func<string, string> symbol)
    {
        if (IsStatic)
        {
            return Constant.ToString(CultureInfo.InvariantCulture);
        }

        var text = new StringBuilder();
        foreach (Term term in _terms.Values)
        {
            bool negative = term.Factor < 0;
            text.Append(text.Length == 0 ? (negative ? "-" : "") : negative ? " - " : " + ");
            long factor = Math.Abs(term.Factor);
            if (factor != 1)
            {
                text.Append(factor.ToString(CultureInfo.InvariantCulture)).Append(" * ");
            }

            text.Append(string.Join(" * ", term.Atoms.Select(atom => ToCSharp(atom, symbol))));
        }

        if (Constant != 0)
        {
            text.Append(Constant < 0 ? " - " : " + ").Append(Math.Abs(Constant).ToString(CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    public bool Equals(Dimension? other) => other is not null && _text == other._text;

    public override bool Equals(object? obj) => Equals(obj as Dimension);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(_text);

    public override string ToString() => _text;

    private static long FloorDivide(long a, long b) => a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);

    private static Dimension Choose(DimensionOperation operation, Dimension left, Dimension right, Func<long, long, long> choose)
    {
        // Two expressions that differ by a constant are ordered whatever the symbols are.
        if ((left - right).Value is { } difference)
        {
            return choose(difference, 0) == difference ? left : right;
        }

        return Ordered(operation, left, right);
    }

    private static Dimension Ordered(DimensionOperation operation, Dimension left, Dimension right) =>
        FromAtom(string.CompareOrdinal(left._text, right._text) <= 0
            ? new DimensionAtom(operation, "", left, right)
            : new DimensionAtom(operation, "", right, left));

    private static Dimension FromAtom(DimensionAtom atom) => FromTerm(1, [atom]);

    private static Dimension FromTerm(long factor, DimensionAtom[] atoms)
    {
        var terms = new SortedDictionary<string, Term>(StringComparer.Ordinal);
        if (atoms.Length == 0)
        {
            return new Dimension(terms, factor);
        }

        if (factor != 0)
        {
            terms[string.Join("*", atoms.Select(atom => atom.Key))] = new Term(factor, atoms);
        }

        return new Dimension(terms, 0);
    }

    private static Dimension Substitute(DimensionAtom atom, Func<string, Dimension?> replacement)
    {
        if (atom.Operation == DimensionOperation.Symbol)
        {
            return replacement(atom.Symbol) ?? FromAtom(atom);
        }

        Dimension left = atom.Left!.Substitute(replacement);
        Dimension right = atom.Right!.Substitute(replacement);
        return atom.Operation switch
        {
            DimensionOperation.FloorDivide => FloorDivide(left, right),
            DimensionOperation.Modulo => Modulo(left, right),
            DimensionOperation.Maximum => Maximum(left, right),
            DimensionOperation.Minimum => Minimum(left, right),
            _ => Broadcast(left, right),
        };
    }

    private static DimensionRange Range(DimensionAtom atom, Func<string, DimensionRange> symbolRange)
    {
        if (atom.Operation == DimensionOperation.Symbol)
        {
            return symbolRange(atom.Symbol);
        }

        DimensionRange left = atom.Left!.Range(symbolRange);
        DimensionRange right = atom.Right!.Range(symbolRange);
        return atom.Operation switch
        {
            DimensionOperation.FloorDivide => DimensionRange.FloorDivide(left, right),
            DimensionOperation.Modulo => new DimensionRange(0, right.Maximum == long.MaxValue ? long.MaxValue : Math.Max(0, right.Maximum - 1)),
            DimensionOperation.Minimum => new DimensionRange(Math.Min(left.Minimum, right.Minimum), Math.Min(left.Maximum, right.Maximum)),
            _ => new DimensionRange(Math.Min(left.Minimum, right.Minimum), Math.Max(left.Maximum, right.Maximum)),
        };
    }

    private static string ToCSharp(DimensionAtom atom, Func<string, string> symbol)
    {
        if (atom.Operation == DimensionOperation.Symbol)
        {
            return symbol(atom.Symbol);
        }

        string left = atom.Left!.ToCSharp(symbol);
        string right = atom.Right!.ToCSharp(symbol);
        return atom.Operation switch
        {
            DimensionOperation.FloorDivide => $"DimensionMath.FloorDivide({left}, {right})",
            DimensionOperation.Modulo => $"DimensionMath.Modulo({left}, {right})",
            DimensionOperation.Maximum => $"Math.Max({left}, {right})",
            DimensionOperation.Minimum => $"Math.Min({left}, {right})",
            _ => $"DimensionMath.Broadcast({left}, {right})",
        };
    }

    private IEnumerable<Term> AllTerms() => Constant == 0 ? _terms.Values : _terms.Values.Concat([new Term(Constant, [])]);

    private Dimension Scale(long divisor)
    {
        var terms = new SortedDictionary<string, Term>(StringComparer.Ordinal);
        foreach (var pair in _terms)
        {
            terms[pair.Key] = new Term(pair.Value.Factor / divisor, pair.Value.Atoms);
        }

        return new Dimension(terms, 0);
    }

    /// <summary>The exact quotient where there is a single product of symbols that the divisor is multiplied with (as in
    /// <c>(4·b·p + 4·b·s) / (p + s)</c>), or <see langword="null"/>.</summary>
    private Dimension? TryDivideExactly(Dimension divisor)
    {
        Term by = divisor.AllTerms().First();
        foreach (Term term in AllTerms())
        {
            List<DimensionAtom> rest = [.. term.Atoms];
            if (term.Factor % by.Factor == 0 && by.Atoms.All(rest.Remove) && FromTerm(term.Factor / by.Factor, [.. rest]) is var quotient && quotient * divisor == this)
            {
                return quotient;
            }
        }

        return divisor._terms.Count == 1 && divisor.Constant == 0 ? TryDivideByMonomial(by) : null;
    }

    /// <summary>Divides by a single product (as in <c>batch·heads·size / (batch·heads)</c>) where it goes into every term.</summary>
    private Dimension? TryDivideByMonomial(Term by)
    {
        Dimension sum = Zero;
        foreach (Term term in AllTerms())
        {
            List<DimensionAtom> rest = [.. term.Atoms];
            if (term.Factor % by.Factor != 0 || !by.Atoms.All(rest.Remove))
            {
                return null;
            }

            sum += FromTerm(term.Factor / by.Factor, [.. rest]);
        }

        return sum;
    }

    private string Print()
    {
        if (_terms is null || _terms.Count == 0)
        {
            return Constant.ToString(CultureInfo.InvariantCulture);
        }

        var text = new StringBuilder();
        foreach (var pair in _terms)
        {
            long factor = pair.Value.Factor;
            text.Append(text.Length == 0 ? (factor < 0 ? "-" : "") : factor < 0 ? " - " : " + ");
            if (Math.Abs(factor) != 1)
            {
                text.Append(Math.Abs(factor).ToString(CultureInfo.InvariantCulture)).Append('*');
            }

            text.Append(pair.Key);
        }

        if (Constant != 0)
        {
            text.Append(Constant < 0 ? " - " : " + ").Append(Math.Abs(Constant).ToString(CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    private readonly struct Term(long factor, DimensionAtom[] atoms)
    {
        public long Factor { get; } = factor;

        public DimensionAtom[] Atoms { get; } = atoms;
    }
}
