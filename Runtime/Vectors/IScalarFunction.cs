namespace Cameo.Vectors;

/// <summary>A function that <see cref="VectorMath"/> computes lane by lane in double.</summary>
internal interface IScalarFunction
{
    static abstract double Invoke(double value);
}
