using Cameo.Generator.Lowering;

namespace Cameo.Generator.Emitting;

/// <summary>
/// Writes an expression as statements: an operation that is read more than once becomes a local variable, the rest is nested. One writer serves one method body,
/// since locals are shared between the expressions it writes.
/// </summary>
/// <param name="code">Where statements go.</param>
/// <param name="spelling">C# of an operation on operands.</param>
/// <param name="leaf">C# of inputs, constants and values computed earlier; null for what must be written out.</param>
/// <param name="localType">Type of local variables.</param>
/// <param name="names">Local names of the method so far, where several writers share one: C# allows no name twice, even in nested blocks.</param>
internal sealed class ExpressionWriter(CodeWriter code, Func<OperationExpression, string[], string> spelling, Func<Expression, string?> leaf, Func<Expression, string> localType,
    Dictionary<string, int>? names = null)
{
    /// <summary>A statement longer than this is split at its operands.</summary>
    private const int MaximumLength = 100;

    private readonly Dictionary<Expression, string> _locals = [];
    private readonly Dictionary<string, int> _names = names ?? new(StringComparer.Ordinal);

    /// <summary>Writes what <paramref name="root"/> needs and returns it as C#.</summary>
    public string Write(Expression root)
    {
        var uses = new Dictionary<Expression, int>();
        CountUses(root, uses);
        return Write(root, uses);
    }

    private string Write(Expression expression, Dictionary<Expression, int> uses)
    {
        if (_locals.TryGetValue(expression, out string? known))
        {
            return known;
        }

        if (leaf(expression) is { } text)
        {
            return expression is InputExpression && uses[expression] > 1 ? Local(expression, text, "x") : text;
        }

        if (expression is not OperationExpression operation)
        {
            throw new InvalidOperationException($"{expression.GetType().Name} must be a leaf here.");
        }

        string[] operands = [.. operation.Operands.Select(operand => Write(operand, uses))];
        string result = spelling(operation, operands);
        return uses[expression] > 1 || result.Length > MaximumLength ? Local(expression, result, operation.Operation.ToString()) : result;
    }

    private string Local(Expression expression, string text, string hint)
    {
        string name = char.ToLowerInvariant(hint[0]) + hint.Substring(1);
        _names.TryGetValue(name, out int count);
        _names[name] = count + 1;
        string local = $"{name}{count}";
        code.Line($"{localType(expression)} {local} = {Unwrap(text)};");
        _locals[expression] = local;
        return local;
    }

    /// <summary>Keeps a name such as "maximum0", which something else than a writer declares, from being given to a local.</summary>
    public static void Reserve(Dictionary<string, int> names, string name)
    {
        string stem = name.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        if (stem.Length < name.Length && int.TryParse(name.Substring(stem.Length), out int number))
        {
            names.TryGetValue(stem, out int count);
            names[stem] = Math.Max(count, number + 1);
        }
    }

    /// <summary>A name such as "maximum0" that no local has yet, with the given number or a later one, and keeps it from being given to a local.</summary>
    public static string Free(Dictionary<string, int> names, string stem, int number)
    {
        names.TryGetValue(stem, out int taken);
        string name = $"{stem}{Math.Max(number, taken)}";
        Reserve(names, name);
        return name;
    }

    /// <summary>Drops parentheses around a whole expression.</summary>
    public static string Unwrap(string text)
    {
        if (text.Length < 2 || text[0] != '(' || text[text.Length - 1] != ')')
        {
            return text;
        }

        int depth = 0;
        for (int index = 0; index < text.Length; index++)
        {
            depth += text[index] == '(' ? 1 : text[index] == ')' ? -1 : 0;
            if (depth == 0 && index < text.Length - 1)
            {
                return text;
            }
        }

        // "(float)x" is a cast, but then its parentheses close early; "(Half)" alone does not occur.
        return text.Substring(1, text.Length - 2);
    }

    private void CountUses(Expression expression, Dictionary<Expression, int> uses)
    {
        uses.TryGetValue(expression, out int count);
        uses[expression] = count + 1;
        if (count == 0 && leaf(expression) is null)
        {
            foreach (Expression operand in expression.Operands)
            {
                CountUses(operand, uses);
            }
        }
    }
}
