using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>The p-norm along axes, which stay with size 1.</summary>
internal static class LpNorm
{
    public static Value Write(Formula formula, ExpansionContext context, Value x, IReadOnlyList<int> axes, double p)
    {
        if (p == 1)
        {
            return formula.Sum(formula.Apply("Abs", x), axes);
        }

        if (p == 2)
        {
            return formula.Apply("Sqrt", formula.Sum(formula.Multiply(x, x), axes));
        }

        Value powers = context.Add("Pow", formula.Apply("Abs", x), formula.Number(p, x));
        return context.Add("Pow", formula.Sum(powers, axes), formula.Number(1 / p, x));
    }
}
