using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// What a chain of additions and multiplications computes, as a polynomial in a few of its values: the order of operands, where constants were multiplied in, shared or
/// repeated parts and parentheses all disappear. 0.5 · x · (1 + t), x · (0.5 + 0.5 · t) and (x + x · t) / 2 are one polynomial.
/// </summary>
internal sealed class Polynomial
{
    /// <summary>Activation functions have degree four at most (x times a cube inside tanh has three).</summary>
    private const int MaximumDegree = 4;

    private const int MaximumDepth = 12;

    private readonly Dictionary<Term, double> _coefficients;

    private Polynomial(Dictionary<Term, double> coefficients) => _coefficients = coefficients;

    /// <summary>A polynomial of given coefficients.</summary>
    public static Polynomial Of(params (Term Term, double Coefficient)[] terms) =>
        new(terms.ToDictionary(term => term.Term, term => term.Coefficient));

    /// <summary>The value as a polynomial in at most three others, or null where it is none. Conversions to types that hold the first one's numbers count as none.</summary>
    public static Polynomial? Of(Value value, params Value[] atoms) => Of(value, atoms, MaximumDepth, []);

    /// <summary>The factor of a term; 0 where it does not occur.</summary>
    public double this[Term term] => _coefficients.TryGetValue(term, out double coefficient) ? coefficient : 0;

    /// <summary>Whether the same terms occur with the same factors, as far as the tolerance (relative) allows.</summary>
    public bool IsNear(Polynomial other, double tolerance) =>
        _coefficients.Keys.Concat(other._coefficients.Keys).All(term => Matching.Near(this[term], other[term], tolerance));

    /// <summary>The polynomial times its third variable.</summary>
    public Polynomial TimesThird() => new(_coefficients.ToDictionary(term => term.Key with { Third = term.Key.Third + 1 }, term => term.Value));

    public override string ToString() => string.Join(" + ", _coefficients.Select(term => $"{term.Value} {term.Key}"));

    private static Polynomial? Of(Value value, Value[] atoms, int depth, Dictionary<Value, Polynomial?> known)
    {
        if (known.TryGetValue(value, out Polynomial? found))
        {
            return found;
        }

        int atom = Array.FindIndex(atoms, candidate => Matching.Same(candidate, value));
        found = atom >= 0 ? Of((Variable(atom), 1))
            : Matching.Number(value) is { } number ? Of((default, number))
            : depth > 0 && Matching.Producer(value) is { } node && Matching.IsArithmetic(node) ? Of(node, atoms, depth - 1, known)
            : null;
        known[value] = found;
        return found;
    }

    private static Polynomial? Of(Node node, Value[] atoms, int depth, Dictionary<Value, Polynomial?> known)
    {
        if (Of(node.Input(0), atoms, depth, known) is not { } left)
        {
            return null;
        }

        switch (node.Type)
        {
            case "Cast":
                return Matching.Holds(node.Output.ElementType, Matching.Narrowest(atoms[0]).ElementType) ? left : null;
            case "Neg":
                return left.Times(-1);
            case "Sum":
                return node.Inputs.Skip(1).Aggregate((Polynomial?)left, (sum, term) => sum is not null && Of(term!, atoms, depth, known) is { } next ? sum.Plus(next) : null);
            case "Pow":
                return Matching.Number(node.Input(1)) is { } power ? left.Power(power) : null;
        }

        return Of(node.Input(1), atoms, depth, known) is not { } right ? null : node.Type switch
        {
            "Add" => left.Plus(right),
            "Sub" => left.Plus(right.Times(-1)),
            "Mul" => left.Times(right),
            "Div" => right.AsNumber() is { } divisor and not 0 ? left.Times(1 / divisor) : null,
            _ => null,
        };
    }

    private static Term Variable(int atom) => new(atom == 0 ? 1 : 0, atom == 1 ? 1 : 0, atom == 2 ? 1 : 0);

    private double? AsNumber() => _coefficients.Keys.All(term => term == default) ? this[default] : null;

    private Polynomial Plus(Polynomial other) =>
        new(_coefficients.Keys.Union(other._coefficients.Keys).ToDictionary(term => term, term => this[term] + other[term]));

    private Polynomial Times(double factor) => new(_coefficients.ToDictionary(term => term.Key, term => term.Value * factor));

    private Polynomial? Times(Polynomial other)
    {
        var product = new Dictionary<Term, double>();
        foreach (KeyValuePair<Term, double> left in _coefficients)
        {
            foreach (KeyValuePair<Term, double> right in other._coefficients)
            {
                Term term = left.Key + right.Key;
                if (term.Degree > MaximumDegree)
                {
                    return null;
                }

                product[term] = (product.TryGetValue(term, out double sum) ? sum : 0) + left.Value * right.Value;
            }
        }

        return new Polynomial(product);
    }

    private Polynomial? Power(double exponent) => exponent switch
    {
        1 => this,
        2 => Times(this),
        3 => Times(this)?.Times(this),
        _ => null,
    };
}
