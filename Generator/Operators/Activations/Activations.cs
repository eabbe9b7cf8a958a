using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>Formulas of activation functions over float32 or float64 expressions, written so that they stay accurate at both ends of their range.</summary>
internal static class Activations
{
    public static Expression Number(double value, Expression like) => Expression.Constant(value, like.Type);

    public static Expression Exp(Expression x) => Expression.Apply(ElementOperation.Exponential, x);

    public static Expression Sigmoid(Expression x) => Expression.Apply(ElementOperation.Sigmoid, x);

    public static Expression Less(Expression left, Expression right) => Expression.Apply(ElementOperation.Less, left, right);

    public static Expression Clamp(Expression x, double low, double high) =>
        Expression.Minimum(Expression.Maximum(x, Number(low, x)), Number(high, x));

    /// <summary>alpha (e^x - 1) below zero, x elsewhere.</summary>
    public static Expression Elu(Expression x, double alpha) =>
        Expression.Select(Less(x, Number(0, x)), Number(alpha, x) * (Exp(x) - Number(1, x)), x);

    /// <summary>ln(1 + e^x) as max(x, 0) + ln(1 + e^-|x|), which neither overflows nor loses the small end.</summary>
    public static Expression Softplus(Expression x) =>
        Expression.Maximum(x, Number(0, x)) + LogOnePlus(Exp(-Expression.Apply(ElementOperation.Absolute, x)));

    /// <summary>ln(1 + e) for 0 ≤ e ≤ 1: the rounding of 1 + e is undone by the quotient (W. Kahan, HP-15C Advanced Functions Handbook).</summary>
    public static Expression LogOnePlus(Expression e)
    {
        Expression one = Number(1, e);
        Expression sum = one + e;
        Expression difference = sum - one;
        Expression corrected = Expression.Apply(ElementOperation.Logarithm, sum) * (e / difference);
        return Expression.Select(Expression.Apply(ElementOperation.Equal, difference, Number(0, e)), e, corrected);
    }

    /// <summary>x tanh(ln(1 + e^x)) with tanh(ln(1 + e)) = n / (n + 2), n = e (e + 2); beyond 20 the factor is 1 in float32 and float64 to their precision.</summary>
    public static Expression Mish(Expression x)
    {
        double bound = x.Type == ElementType.Float64 ? 40 : 20;
        Expression e = Exp(Expression.Minimum(x, Number(bound, x)));
        Expression n = e * (e + Number(2, x));
        return Expression.Select(Less(Number(bound, x), x), x, x * (n / (n + Number(2, x))));
    }

    /// <summary>x Φ(x) by the error function.</summary>
    public static Expression Gelu(Expression x) =>
        Number(0.5, x) * x * (Number(1, x) + Expression.Apply(ElementOperation.Erf, x * Number(Math.Sqrt(0.5), x)));

    /// <summary>x Φ(x) by the usual approximation with tanh.</summary>
    public static Expression GeluByTanh(Expression x)
    {
        Expression inner = Number(Math.Sqrt(2 / Math.PI), x) * (x + Number(0.044715, x) * x * x * x);
        return Number(0.5, x) * x * (Number(1, x) + Expression.Apply(ElementOperation.HyperbolicTangent, inner));
    }
}
